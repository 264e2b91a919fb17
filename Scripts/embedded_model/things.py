"""What the model is taught: things with their names, shapes, colours, and the sentences that say what a picture shows."""
import zlib

# The first name is the one a list shows; the others mean the same.
ANIMALS = """
🐶 dog|puppy;🐱 cat|kitten;🐭 mouse;🐹 hamster;🐰 rabbit|bunny;🦊 fox;🐻 bear;🐼 panda;🐨 koala;🐯 tiger;🦁 lion;🐮 cow;🐷 pig;🐸 frog;🐵 monkey
🐔 chicken|hen;🐧 penguin;🐦 bird;🐤 chick|baby chick;🦆 duck;🦅 eagle;🦉 owl;🦇 bat;🐺 wolf;🐴 horse;🦄 unicorn;🐝 bee|honeybee;🐛 caterpillar
🦋 butterfly;🐌 snail;🐞 ladybug|lady beetle;🐢 turtle|tortoise;🐍 snake;🦖 dinosaur|t-rex;🐙 octopus;🦞 lobster;🦀 crab;🐠 tropical fish;🐟 fish
🐬 dolphin;🐳 whale;🦈 shark;🐊 crocodile;🦓 zebra;🐘 elephant;🐪 camel;🦒 giraffe;🦘 kangaroo;🐑 sheep;🦚 peacock;🦜 parrot;🦢 swan;🦩 flamingo
🦝 raccoon;🐿 squirrel|chipmunk;🦔 hedgehog;🐉 dragon;🐐 goat;🦏 rhinoceros|rhino;🐓 rooster
"""
OTHERS = """
🐾 paw prints;🍎 red apple|apple;🍏 green apple;🍐 pear;🍊 orange fruit|tangerine;🍋 lemon;🍌 banana;🍉 watermelon;🍇 grapes;🍓 strawberry;🍒 cherries
🍑 peach;🍍 pineapple;🥝 kiwi;🍅 tomato;🍆 eggplant|aubergine;🥑 avocado;🥦 broccoli;🌶 hot pepper|chili pepper;🌽 corn|ear of corn;🥕 carrot;🧅 onion
🥐 croissant;🍞 bread|loaf of bread;🥨 pretzel;🧀 cheese;🥚 egg;🍳 fried egg;🥞 pancakes;🍗 chicken leg|poultry leg;🌭 hot dog;🍔 hamburger|burger
🍟 french fries;🍕 pizza|slice of pizza;🥪 sandwich;🌮 taco;🍣 sushi;🍙 rice ball;🍦 ice cream|soft ice cream;🍩 doughnut|donut;🍪 cookie
🎂 birthday cake|cake;🧁 cupcake;🍫 chocolate bar;🍬 candy;🍭 lollipop;🍯 honey pot;🥛 glass of milk;☕ coffee|cup of coffee;🍺 beer|mug of beer
🍷 glass of wine|wine;🍹 tropical drink;🍄 mushroom;🌰 chestnut;🥜 peanuts;🥥 coconut;🥒 cucumber;🧄 garlic;🥖 baguette;🥔 potato
🌵 cactus;🎄 christmas tree;🌲 evergreen tree|pine tree;🌳 tree|deciduous tree;🌴 palm tree;🌱 seedling;🍀 four leaf clover|clover;🍁 maple leaf
🍂 fallen leaves;🌹 rose;🌷 tulip;🌻 sunflower;🌸 cherry blossom;🌺 hibiscus;🌼 daisy|blossom;💐 bouquet|bouquet of flowers
☀ sun;🌙 crescent moon;🌕 full moon;⭐ star|yellow star;☁ cloud;❄ snowflake;⛄ snowman;🔥 fire|flame;💧 droplet|drop of water;🌈 rainbow;⚡ lightning
☂ umbrella;🌊 wave|water wave;🌍 planet earth|globe;🌋 volcano;🪐 planet|ringed planet;☄ comet;🌪 tornado
⚽ soccer ball|football;🏀 basketball;🏈 american football;⚾ baseball;🎾 tennis ball;🏐 volleyball;🎱 billiard ball;🎸 guitar;🎺 trumpet;🎻 violin
🥁 drum;🎹 piano|musical keyboard;🎷 saxophone;🎲 dice;🎯 target|bullseye;🎳 bowling;🎨 palette|artist palette;🎮 video game controller|game controller
🧸 teddy bear;🪁 kite;🧩 puzzle piece
🚗 car|red car;🚕 taxi|yellow taxi;🚌 bus;🚓 police car;🚑 ambulance;🚒 fire engine|fire truck;🚜 tractor;🚚 truck|delivery truck;🚲 bicycle|bike
🏍 motorcycle;✈ airplane|plane;🚀 rocket;🚁 helicopter;⛵ sailboat;🚢 ship;⚓ anchor;🚂 locomotive|steam train;🚦 traffic light;🛸 flying saucer|ufo
🎈 balloon|red balloon;🎁 gift|present;🎀 ribbon|bow;🏆 trophy;👑 crown;💎 diamond gem|gem stone;🔑 key;🔒 lock|padlock;🔔 bell;💡 light bulb;🕯 candle
📷 camera;📺 television|tv;💻 laptop;📱 mobile phone|phone;⌚ watch;⏰ alarm clock|clock;📖 open book|book;✏ pencil;✂ scissors;🔨 hammer;🔧 wrench
⚙ gear;🧲 magnet;🧪 test tube;👓 glasses;🎩 top hat;👟 sneaker|running shoe;👠 high heel|high heeled shoe;👜 handbag;👕 t-shirt|blue shirt;👗 dress
🧦 socks;🧤 gloves;🧣 scarf;👻 ghost;👽 alien;🤖 robot;🎃 jack-o-lantern|pumpkin;💀 skull
🏠 house;🏰 castle;⛺ tent;🗼 tower|tokyo tower;🗿 moai|stone head;🎡 ferris wheel;🚪 door;🪑 chair;🛏 bed;🧭 compass;💣 bomb;🔮 crystal ball;⏳ hourglass
🎒 backpack;🪓 axe;🗡 sword|dagger;🛡 shield;🔋 battery;📦 package|box;✉ envelope|letter;🔍 magnifying glass;🪣 bucket;🧊 ice cube|ice;🥄 spoon;🔪 knife|kitchen knife;🔭 telescope
🪴 potted plant;👒 hat;🧢 cap|blue cap;🎧 headphones;🎤 microphone
😀 grinning face|smiling face;😂 laughing face|face with tears of joy;😍 heart eyes face|face with heart eyes;😎 face with sunglasses|cool face
😭 crying face;😡 angry face;😴 sleeping face;🤔 thinking face;🥳 party face|partying face;😱 screaming face|scared face;😇 angel face|face with halo
🤓 nerd face;😉 winking face;😋 yummy face;😘 kissing face;🤠 cowboy face;😈 purple devil|devil;🤡 clown;🤢 sick face|green face;🥶 cold face
🤯 exploding head;😷 face with mask;🙄 rolling eyes face;😐 neutral face;😢 sad face;👁 eye;👄 mouth|lips;👂 ear;🦷 tooth;🧠 brain;👣 footprints;🦴 bone
💩 pile of poo;❤ red heart|heart;🧡 orange heart;💛 yellow heart;💚 green heart;💙 blue heart;💜 purple heart;🖤 black heart;💔 broken heart
💘 heart with arrow
"""

COLOURS = {
    "white": (255, 255, 255), "black": (24, 24, 28), "gray": (150, 152, 156), "red": (222, 48, 48), "orange": (245, 146, 40), "yellow": (250, 216, 66),
    "green": (70, 170, 80), "light blue": (160, 212, 250), "blue": (48, 96, 216), "purple": (140, 76, 196), "pink": (250, 164, 196), "brown": (134, 86, 54),
}
BACKGROUNDS = ["light blue", "pink", "yellow", "green", "gray", "black", "blue", "orange", "purple", "red"]
TINTS = ["red", "orange", "yellow", "green", "blue", "purple", "pink"]
SHAPES = ["circle", "square", "triangle", "star shape", "diamond", "heart shape", "hexagon", "ring", "cross"]


def _read(text):
    for item in text.replace("\n", ";").split(";"):
        if item.strip():
            character, _, names = item.strip().partition(" ")
            yield character, names.split("|")


# What is taught first: the things of the first embedded model, and others that are learnt fast.
FIRST = ("🐶🐱🐰🦊🐻🐼🐯🦁🐷🐸🐧🦆🦉🦇🦄🐝🦋🐌🐞🐢🦖🐙🦀🐠🐳🦈🐘🦒🦩🍎🍏🍋🍌🍉🍇🍓🍒🍍🍅🥑🌽🥕🍞🧀🍔🍟🍕🌮🍦🍩🎂🧁🍭☕🍷🍄🌵🎄🌴🍀🍁🌹🌻🌸☀🌙⭐❄⛄🔥💧🌈⚡☂🌍🌋🪐"
         "⚽🏀🎾🎸🎯🧸🚗🚕🚲✈🚀⛵🛸🎈🎁🏆👑💎🔑🔒💡📷⏰📖✏⚙👓👕👗👻👽🤖🎃💀🏠🏰⛺🔮⏳📦🔍😀😂😍😎😭😡😴🥳😱🤓😈🤡🤢💩❤💚💙💜💔")
SECOND = "🐹🐨🐮🐵🐔🐤🐺🐬🐟🍐🍊🍑🥝🍆🥦🥚🍳🍪🌷🌲🌳☁🌕🎲🏈⚾🎱🥁🚌🎀🔔📺⌚⚓🧲🎩🚪💣🛡😐😢😇🤠😷🥶🧡💛🖤🚦"

THINGS = list(_read(ANIMALS)) + list(_read(OTHERS))          # (character, names)
CHOICES = {"old": [i for i, (c, _) in enumerate(THINGS) if c in FIRST], "first": [i for i, (c, _) in enumerate(THINGS) if c in FIRST + SECOND], "all": list(range(len(THINGS)))}
ANIMAL_COUNT = len(list(_read(ANIMALS)))
COLOURED = [bool(set(" ".join(names).split()) & set(COLOURS)) for _, names in THINGS]      # a name that says a colour: never tinted


def held_out(*words, of=8):
    """One in `of` combinations never appears in training; which ones, the words decide."""
    return zlib.crc32("/".join(words).encode()) % of == 0


def is_taught(spec):
    """Whether a combination may be trained on. A spec is ("thing", index, tint or None, background) or ("shapes", ((shape, colour), …), background)."""
    if spec[0] == "thing":
        name = THINGS[spec[1]][1][0]
        return not (spec[3] != "white" and held_out(name, spec[3])) and not (spec[2] and held_out(name, spec[2], of=5))
    parts, background = spec[1], spec[2]
    if any(held_out(shape, colour, background) for shape, colour in parts): return False
    return len(parts) == 1 or not held_out(*[word for part in parts for word in part])


def draw_background(rng):
    return "white" if rng.random() < .36 else rng.choice(BACKGROUNDS)


def draw_thing(rng, index):
    """A taught combination with the thing in it."""
    while True:
        background, tint = draw_background(rng), None
        if not COLOURED[index] and rng.random() < (.22 if index < ANIMAL_COUNT else .06):
            tint = rng.choice([c for c in TINTS if c != background])
        spec = ("thing", index, tint, background)
        if is_taught(spec): return spec


def draw_shapes(rng):
    while True:
        background = draw_background(rng)
        colours = [c for c in COLOURS if c != background]
        parts = tuple((rng.choice(SHAPES), rng.choice(colours)) for _ in range(2 if rng.random() < .9 else 1))
        spec = ("shapes", parts, background)
        if (len(parts) == 1 or parts[0] != parts[1]) and is_taught(spec): return spec


PLURAL = {"bread", "broccoli", "corn", "sushi", "fire", "ice", "lightning", "coffee", "garlic"}
SINGULAR = {"cactus", "octopus", "bus", "hibiscus", "compass", "rhinoceros"}


def with_article(name):
    """"a fox", "an owl", "grapes"."""
    if name in PLURAL or name.endswith("s") and not name.endswith("ss") and name not in SINGULAR: return name
    if name[0] in "aeiou" and not name.startswith(("un", "ufo")) or name == "hourglass": return "an " + name
    return "a " + name


def sentence(rng, spec):
    """One of the many ways to say what a picture shows."""
    background = spec[-1]
    if spec[0] == "thing":
        names = THINGS[spec[1]][1]
        name = names[0] if len(names) == 1 or rng.random() < .65 else rng.choice(names[1:])
        name = f"{spec[2]} {name}" if spec[2] else name
    elif len(spec[1]) == 1:
        name = f"{spec[1][0][1]} {spec[1][0][0]}"
    else:
        left, right = (with_article(f"{colour} {shape}") for shape, colour in spec[1])
        name = None
        text = rng.choice(["{0} and {1}", "{0} and {1}", "{0} next to {1}", "{0} to the left of {1}", "{1} to the right of {0}", "{0} beside {1}"]).format(left, right)
    if name:
        text = rng.choice(["{n}", "{a}", "{a}", "{a}", "{a}", "an emoji of {a}", "a picture of {a}", "{n} emoji", "a drawing of {a}"]).format(n=name, a=with_article(name))
    if background != "white" or rng.random() < .15:
        form = rng.choice([" on {a} background"] * 6 + [" on {b}", ", {b} background", " with {a} background"])
        text += form.format(a=with_article(background), b=background)
    if rng.random() < .12: text = text[0].upper() + text[1:]
    return text + "." if rng.random() < .08 else text


def plain_sentence(spec):
    """The way a person would say it, for evaluation."""
    if spec[0] == "thing":
        name = THINGS[spec[1]][1][0]
        text = with_article(f"{spec[2]} {name}" if spec[2] else name)
    else:
        text = " and ".join(with_article(f"{colour} {shape}") for shape, colour in spec[1])
    return text if spec[-1] == "white" else f"{text} on {with_article(spec[-1])} background"
