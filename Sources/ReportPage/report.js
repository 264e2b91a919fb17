'use strict';
// The sweep's report: a grid of cells by any two axes, and a closer look. Everything it shows is in the element #data.
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const $ = id => document.getElementById(id);
  const make = (tag, properties = {}, ...children) => {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  };
  const svg = (tag, attributes = {}, ...children) => {
    const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  };

  // What a person chose is kept for the next time, where the browser lets a page keep things.
  const kept = {
    get(name) { try { return localStorage.getItem('fluxlua.' + name); } catch { return null; } },
    set(name, value) { try { localStorage.setItem('fluxlua.' + name, value); } catch { /* not here */ } },
  };

  // ---- Words ---------------------------------------------------------------------------------------------------------

  const seconds = s => s == null ? '' : s < 10 ? s.toFixed(2) + ' s' : s < 120 ? s.toFixed(0) + ' s'
    : s < 7200 ? Math.floor(s / 60) + ':' + String(Math.floor(s % 60)).padStart(2, '0') + ' min' : (s / 3600).toFixed(1) + ' h';
  const bytes = b => b == null ? '' : b < 1e9 ? (b / 1e6).toFixed(0) + ' MB' : (b / 1e9).toFixed(2) + ' GB';
  const number = x => Number.isInteger(x) ? String(x) : String(Number(x.toPrecision(6)));
  const shown = value => typeof value === 'number' ? number(value) : typeof value === 'string' ? value : JSON.stringify(value);

  // ---- State ---------------------------------------------------------------------------------------------------------

  let sweep, axes, cells, columns, rows, filters, order, chosen = null, first = null;
  let layout = { across: [], down: [], places: new Map() };

  const label = cell => axes.map((axis, at) => axis.name + ' ' + axis.values[cell.at[at]]).join(', ');
  const isMade = cell => cell.state === 'done';

  function open(index) {
    sweep = data.sweeps[index];
    ({ axes, cells } = sweep);
    const long = axes.map((axis, at) => ({ at, count: axis.values.length })).filter(axis => axis.count > 1);
    // Drawn values have no grid; else the two axes that the recipe's first sheet has, or the last two that were written.
    columns = sweep.columns ?? (sweep.drawn ? -1 : long.length ? long[long.length - 1].at : -1);
    rows = sweep.rows ?? (sweep.drawn || long.length < 2 ? -1 : long[long.length - 2].at);
    if (rows === columns) rows = -1;
    filters = axes.map(() => -1);
    order = 'index';
    chosen = first = null;
    firstValues();
    controls();
    draw();
    choose(cells.find(isMade) ?? cells[0], false);
  }

  /// Axes that are on neither side stand at their first value, unless nothing is on a side at all: then every cell is there.
  function firstValues() {
    const free = columns < 0 && rows < 0;
    filters = axes.map((axis, at) => at === columns || at === rows ? -1 : free ? (filters[at] ?? -1) : filters[at] >= 0 ? filters[at] : axis.values.length > 1 && !sweep.drawn ? 0 : -1);
  }

  // ---- Controls ------------------------------------------------------------------------------------------------------

  function controls() {
    const done = cells.filter(isMade), failed = cells.filter(cell => cell.state === 'failed').length, all = done.reduce((sum, cell) => sum + (cell.seconds ?? 0), 0);
    $('title').textContent = data.title;
    $('account').textContent = [`${done.length} of ${cells.length} cells`, failed ? `${failed} failed` : '', all ? seconds(all) + ' in all' : '', data.model, data.made].filter(Boolean).join('  ·  ');
    $('sweeps').replaceChildren(...(data.sweeps.length < 2 ? [] : data.sweeps.map((one, index) => {
      const button = make('button', { textContent: one.name, onclick: () => open(index) });
      button.setAttribute('aria-pressed', one === sweep);
      return button;
    })));
    for (const [id, value] of [['columns', columns], ['rows', rows]]) {
      $(id).replaceChildren(make('option', { value: -1, textContent: 'nothing' }), ...axes.map((axis, at) => make('option', { value: at, textContent: axis.name })));
      $(id).value = value;
    }
    const scores = [...new Set(cells.flatMap(cell => Object.entries(cell.extra ?? {}).filter(([, value]) => typeof value === 'number').map(([name]) => name)))];
    $('order').replaceChildren(...[['index', 'as written'], ['seconds', 'by seconds'], ...axes.map(axis => ['axis:' + axis.name, 'by ' + axis.name]), ...scores.map(name => ['extra:' + name, 'by ' + name])]
      .map(([value, textContent]) => make('option', { value, textContent })));
    $('order').value = order;
    $('sorting').hidden = columns >= 0 || rows >= 0;
    $('swap').disabled = columns < 0 && rows < 0;
    $('filters').replaceChildren(...axes.map((axis, at) => at === columns || at === rows || axis.values.length < 2 || (sweep.drawn && axis.values.length > 40) ? null : filter(axis, at)).filter(Boolean));
  }

  function filter(axis, at) {
    const select = make('select', { onchange: () => { filters[at] = Number(select.value); draw(); } },
      make('option', { value: -1, textContent: 'all' }), ...axis.values.map((text, value) => make('option', { value, textContent: text })));
    select.value = filters[at];
    select.dataset.axis = axis.name;
    const turn = by => make('button', { className: 'quiet', textContent: by < 0 ? '‹' : '›', title: (by < 0 ? 'Before' : 'Next') + ' ' + axis.name, onclick: () => step(at, by) });
    return make('label', { className: 'choice' }, make('span', { textContent: axis.name }), turn(-1), select, turn(1));
  }

  function step(at, by) {
    const count = axes[at].values.length;
    filters[at] = filters[at] < 0 ? (by > 0 ? 0 : count - 1) : (filters[at] + by + count) % count;
    controls();
    draw();
  }

  function side(which, value) {
    if (which === 'columns') { if (value >= 0 && value === rows) rows = columns; columns = value; } else { if (value >= 0 && value === columns) columns = rows; rows = value; }
    if (columns < 0 && rows < 0) filters = axes.map(() => -1);
    firstValues();
    controls();
    draw();
  }

  const waiting = new WeakMap();
  const near = typeof IntersectionObserver === 'undefined' ? null : new IntersectionObserver(entries => {
    for (const { target } of entries.filter(entry => entry.isIntersecting)) {
      near.unobserve(target);
      target.src = waiting.get(target);
    }
  }, { root: $('scroll'), rootMargin: '400px' });

  // ---- Grid ----------------------------------------------------------------------------------------------------------

  const passes = cell => filters.every((value, at) => value < 0 || cell.at[at] === value);

  function sorted(list) {
    const key = order === 'index' ? null : order === 'seconds' ? cell => cell.seconds
      : order.startsWith('axis:') ? (at => cell => cell.at[at])(axes.findIndex(axis => axis.name === order.slice(5))) : cell => cell.extra?.[order.slice(6)];
    if (!key) return list;
    const direction = order.startsWith('extra:') ? -1 : 1;     // the best score comes first
    return [...list].sort((a, b) => (key(a) == null) - (key(b) == null) || direction * ((key(a) ?? 0) - (key(b) ?? 0)) || a.index - b.index);
  }

  function draw() {
    const grid = $('grid'), visible = cells.filter(passes);
    grid.replaceChildren();
    layout = { across: [], down: [], places: new Map() };
    grid.className = columns < 0 && rows < 0 ? 'gallery' : columns < 0 ? 'rows' : '';
    const sizes = cells.filter(cell => cell.width);
    if (sizes.length) grid.style.setProperty('--shape', Math.max(...sizes.map(c => c.width)) / Math.max(...sizes.map(c => c.height)));
    if (!visible.length) return grid.append(make('p', { className: 'nothing', textContent: 'No cell has these values.' }));
    if (columns < 0 && rows < 0) {
      grid.style.gridTemplateColumns = '';
      layout.list = sorted(visible);
      grid.append(...layout.list.map(cell => slot([cell], caption(cell))));
      return mark();
    }
    const present = at => at < 0 ? [-1] : axes[at].values.map((_, value) => value).filter(value => visible.some(cell => cell.at[at] === value));
    layout.across = present(columns);
    layout.down = present(rows);
    for (const cell of visible) {
      const key = (rows < 0 ? -1 : cell.at[rows]) + ' ' + (columns < 0 ? -1 : cell.at[columns]);
      (layout.places.get(key) ?? layout.places.set(key, []).get(key)).push(cell);
    }
    grid.style.gridTemplateColumns = (rows < 0 ? '' : 'minmax(60px, max-content) ') + `repeat(${layout.across.length}, var(--cell))`;
    const parts = [];
    if (columns >= 0) {
      if (rows >= 0) parts.push(make('div', { className: 'head corner' }, make('span', { textContent: axes[columns].name + ' →' }), make('span', { textContent: axes[rows].name + ' ↓' })));
      parts.push(...layout.across.map(value => heading('column', columns, value, rows < 0)));
    }
    for (const row of layout.down) {
      if (rows >= 0) parts.push(heading('row', rows, row, columns < 0));
      for (const column of layout.across) parts.push(slot(layout.places.get(row + ' ' + column) ?? []));
    }
    grid.append(...parts);
    mark();
  }

  function heading(kind, at, value, isNamed) {
    const text = axes[at].values[value];
    return make('div', { className: 'head ' + kind, title: axes[at].name + ' ' + text }, make('span', {}, isNamed ? axes[at].name + ' ' : '', make('b', { textContent: text })));
  }

  const caption = cell => order.startsWith('extra:') && typeof cell.extra?.[order.slice(6)] === 'number' ? number(Number(cell.extra[order.slice(6)].toPrecision(4)))
    : order === 'seconds' ? seconds(cell.seconds) : axes.length < 4 ? axes.map((axis, at) => axis.values[cell.at[at]]).join(' · ') : '#' + cell.index;

  function slot(list, text) {
    const node = make('div', { className: 'slot' });
    if (!list.length) return node.append(make('div', { className: 'cell empty', textContent: '–' })), node;
    if (list.length > 1) {
      node.classList.add('many');
      node.style.setProperty('--many', Math.ceil(Math.sqrt(list.length)));
    }
    node.append(...list.map(tile));
    if (text) node.append(make('div', { className: 'caption', textContent: text, title: label(list[0]) }));
    return node;
  }

  /// A small picture, decoded once it comes near the window: a thousand at once would keep a page from opening.
  function thumb(cell) {
    const image = make('img', { alt: label(cell), decoding: 'async' });
    if (!near) image.src = cell.thumb; else {
      waiting.set(image, cell.thumb);
      near.observe(image);
    }
    return image;
  }

  function tile(cell) {
    const node = make('button', { className: 'cell', title: label(cell), tabIndex: -1 });
    node.dataset.id = cell.id;
    if (isMade(cell)) node.append(thumb(cell));
    else {
      node.classList.add('empty', cell.state);
      node.textContent = cell.state === 'skipped' ? 'skipped' : cell.state === 'failed' ? 'failed' : cell.state === 'running' ? 'being made' : 'not yet';
    }
    node.onclick = () => {
      const again = chosen === cell;
      choose(cell, false);
      if (first && first !== cell && isMade(cell)) look(cell); else if (again && isMade(cell)) look(cell);
    };
    node.ondblclick = () => isMade(cell) && look(cell);
    return node;
  }

  // ---- Choosing ------------------------------------------------------------------------------------------------------

  const tileOf = cell => $('grid').querySelector(`[data-id="${cell.id}"]`);

  function mark() {
    for (const node of $('grid').querySelectorAll('.chosen, .kept')) node.classList.remove('chosen', 'kept');
    if (chosen) tileOf(chosen)?.classList.add('chosen');
    if (first) tileOf(first)?.classList.add('kept');
  }

  function choose(cell, scroll = true) {
    if (!cell) return;
    chosen = cell;
    mark();
    if (scroll) tileOf(cell)?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    about(cell);
  }

  /// The next cell that way; empty places are stepped over.
  function move(dx, dy) {
    if (!chosen) return choose(cells.find(passes));
    if (columns < 0 && rows < 0) {
      const at = layout.list.indexOf(chosen), wide = Math.max(1, getComputedStyle($('grid')).gridTemplateColumns.split(' ').length);
      return choose(layout.list[Math.min(Math.max(at + dx + dy * wide, 0), layout.list.length - 1)] ?? layout.list[0]);
    }
    let x = layout.across.indexOf(columns < 0 ? -1 : chosen.at[columns]), y = layout.down.indexOf(rows < 0 ? -1 : chosen.at[rows]);
    for (;;) {
      x += dx; y += dy;
      if (x < 0 || y < 0 || x >= layout.across.length || y >= layout.down.length) return;
      const there = layout.places.get(layout.down[y] + ' ' + layout.across[x]);
      if (there) return choose(there[0]);
    }
  }

  // ---- The side ------------------------------------------------------------------------------------------------------

  function about(cell) {
    const list = pairs => make('dl', {}, ...pairs.filter(pair => pair[1] != null && pair[1] !== '').flatMap(([name, value, style]) => [make('dt', { textContent: name }), make('dd', { textContent: value, className: style ?? '' })]));
    const parts = [];
    if (isMade(cell)) parts.push(make('button', { className: 'frame', onclick: () => look(cell), title: 'Look closely (Enter)' }, make('img', { src: cell.thumb, alt: label(cell) })));
    parts.push(list(axes.map((axis, at) => [axis.name, axis.values[cell.at[at]]])));
    if (cell.extra) parts.push(make('h2', { textContent: 'Recorded by the recipe' }), list(Object.entries(cell.extra).map(([name, value]) => [name, shown(value)])));
    const made = list([['time', seconds(cell.seconds)], ['a step', cell.steps && cell.seconds ? seconds(cell.seconds / cell.steps) : ''], ['steps', cell.steps], ['memory', bytes(cell.memory)], ['size', cell.width ? cell.width + ' × ' + cell.height : ''],
      ['sampler', cell.sampler], ['machine', cell.host], ['cell', '#' + cell.index + ', ' + cell.id], [cell.state, cell.reason, 'reason']]);
    parts.push(make('h2', { textContent: isMade(cell) ? 'Made' : 'State: ' + (cell.state || 'not yet') }), made);
    const curves = data.curves[cell.curves];
    if (curves?.sigmas?.length > 1) parts.push(make('h2', { textContent: 'Noise level at each step' }), plot(curves.sigmas, 'sigma'));
    if (curves?.guidance?.length) parts.push(make('h2', { textContent: 'Guidance at each step' }), plot(curves.guidance, 'guidance'));
    if (isMade(cell)) {
      const command = 'fluxlua rerun ' + quoted(data.folder + cell.file);
      const copy = make('button', { id: 'copy', textContent: 'Copy the command' });
      copy.onclick = async () => {
        const good = await copied(command);
        copy.textContent = good ? 'Copied' : 'Select it below';
        setTimeout(() => { copy.textContent = 'Copy the command'; }, 1600);
      };
      parts.push(make('div', { className: 'actions' }, make('a', { href: data.pictures + cell.file, target: '_blank', textContent: 'Open picture' }), make('button', { id: 'compare', textContent: 'Compare', onclick: () => keep(cell) })),
        make('h2', { textContent: 'Make it again' }), make('code', { id: 'command', textContent: command }), make('div', { className: 'actions', style: 'margin-top: 8px' }, copy));
    }
    $('side').replaceChildren(...parts);
  }

  const quoted = path => /^[\w./+-]+$/.test(path) ? path : "'" + path.replaceAll("'", "'\\''") + "'";

  async function copied(text) {
    try { await navigator.clipboard.writeText(text); return true; } catch { /* pages of files may not everywhere */ }
    const area = make('textarea', { value: text, style: 'position: fixed; opacity: 0' });
    document.body.append(area);
    area.select();
    let good = false;
    try { good = document.execCommand('copy'); } catch { /* no */ }
    area.remove();
    return good;
  }

  /// A curve over steps, with its first and last values.
  function plot(values, kind) {
    const width = 276, height = 92, left = 30, bottom = 16, top = 8;
    const known = values.filter(value => value != null), high = kind === 'sigma' ? 1 : Math.max(...known), low = kind === 'sigma' ? 0 : Math.min(0, ...known);
    const x = at => left + (width - left - 6) * (values.length > 1 ? at / (values.length - 1) : 0.5);
    const y = value => top + (height - top - bottom) * (1 - (value - low) / (high - low || 1));
    const points = values.map((value, at) => value == null ? null : [x(at), y(value)]).filter(Boolean);
    const dots = points.length <= 40 ? points.map(([cx, cy], at) => svg('circle', { cx, cy, r: 2.6 }, svg('title', {}, document.createTextNode(`${kind} ${number(known[at])}`)))) : [];
    const text = (x, y, anchor, content) => svg('text', { x, y, 'text-anchor': anchor }, document.createTextNode(content));
    return svg('svg', { viewBox: `0 0 ${width} ${height}`, class: 'plot', role: 'img', 'aria-label': `${kind}: ${known.map(number).join(', ')}` },
      svg('line', { x1: left, x2: width - 6, y1: y(low), y2: y(low) }), svg('line', { x1: left, x2: width - 6, y1: y(high), y2: y(high) }),
      text(left - 6, y(high) + 4, 'end', number(high)), text(left - 6, y(low) + 4, 'end', number(low)),
      text(left, height - 2, 'start', kind === 'sigma' ? 'start' : 'step 1'), text(width - 6, height - 2, 'end', kind === 'sigma' ? `${values.length - 1} steps` : `step ${values.length}`),
      svg('g', { class: kind }, svg('path', { d: 'M' + points.map(point => point.map(v => v.toFixed(1)).join(' ')).join('L') }), ...dots));
  }

  // ---- The closer look -----------------------------------------------------------------------------------------------

  const view = { scale: 1, x: 0, y: 0, width: 1, height: 1, isFitted: true };
  let looked = null, isDifferent = false;

  function keep(cell) {
    first = first === cell ? null : cell;
    mark();
    $('viewer-compare').setAttribute('aria-pressed', first != null);
    if (!$('viewer').hidden) look(looked);
  }

  function look(cell) {
    looked = cell;
    const pair = first && first !== cell && isMade(first) ? [first, cell] : [cell];
    $('viewer').hidden = false;
    const [a, b] = pair;
    $('picture').src = data.pictures + a.file;
    $('picture').alt = label(a);
    $('picture').onerror = () => { $('picture').onerror = null; $('picture').src = a.thumb; };
    [view.width, view.height] = [a.width, a.height];
    for (const id of ['other', 'wipe', 'handle', 'name-a', 'name-b', 'viewer-difference']) $(id).hidden = !b;
    if (b) {
      $('other').src = data.pictures + b.file;
      $('other').alt = label(b);
      $('other').onerror = () => { $('other').onerror = null; $('other').src = b.thumb; };
      $('name-a').textContent = 'A  ' + differing(a, b);
      $('name-b').textContent = 'B  ' + differing(b, a);
    } else isDifferent = false;
    for (const id of ['picture', 'other']) Object.assign($(id).style, { width: a.width + 'px', height: a.height + 'px' });
    $('viewer-title').textContent = b ? 'A and B' : label(cell);
    $('viewer-compare').setAttribute('aria-pressed', first != null);
    $('viewer-compare').textContent = !first ? 'Compare' : b ? 'End comparison' : 'Choose another with the arrows';
    if (view.isFitted) fit(); else place();
  }

  /// What tells a cell from another.
  const differing = (a, b) => axes.map((axis, at) => a.at[at] === b.at[at] ? '' : axis.name + ' ' + axis.values[a.at[at]]).filter(Boolean).join(', ');

  function close() {
    $('viewer').hidden = true;
    looked = null;
    $('scroll').focus();
  }

  function fit() {
    const stage = $('stage').getBoundingClientRect();
    view.scale = Math.min((stage.width - 40) / view.width, (stage.height - 40) / view.height);
    view.x = (stage.width - view.width * view.scale) / 2;
    view.y = (stage.height - view.height * view.scale) / 2;
    view.isFitted = true;
    place();
  }

  function zoom(factor, cx, cy) {
    const stage = $('stage').getBoundingClientRect();
    cx ??= stage.width / 2;
    cy ??= stage.height / 2;
    const scale = Math.min(Math.max(view.scale * factor, 0.05), 40);
    view.x = cx - (cx - view.x) * scale / view.scale;
    view.y = cy - (cy - view.y) * scale / view.scale;
    view.scale = scale;
    view.isFitted = false;
    place();
  }

  function place() {
    const world = $('world');
    world.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
    world.classList.toggle('pixels', view.scale >= 3);
    world.classList.toggle('difference', isDifferent);
    $('viewer-difference').setAttribute('aria-pressed', isDifferent);
    if ($('other').hidden) return;
    // The slider goes over the window; the edge lies where it stands, whatever the zoom.
    const stage = $('stage').getBoundingClientRect(), edge = stage.width * $('wipe').value / 1000;
    const inside = Math.min(Math.max((edge - view.x) / view.scale, 0), view.width);
    $('other').style.clipPath = `inset(0 0 0 ${inside}px)`;
    $('handle').style.left = edge + 'px';
    $('handle').hidden = isDifferent;
    $('wipe').hidden = isDifferent;
  }

  function difference() {
    isDifferent = !isDifferent;
    place();
  }

  // ---- Hands ---------------------------------------------------------------------------------------------------------

  function theme(next) {
    const wanted = next ?? kept.get('theme') ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
    document.documentElement.dataset.theme = wanted;
    if (next) kept.set('theme', next);
  }

  function size(value) {
    $('size').value = value;
    document.documentElement.style.setProperty('--cell', $('size').value + 'px');
    kept.set('size', $('size').value);
  }

  $('columns').onchange = () => side('columns', Number($('columns').value));
  $('rows').onchange = () => side('rows', Number($('rows').value));
  $('order').onchange = () => { order = $('order').value; draw(); };
  $('swap').onclick = () => { [columns, rows] = [rows, columns]; controls(); draw(); };
  $('size').oninput = () => size($('size').value);
  $('theme').onclick = () => theme(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark');
  $('help').onclick = () => $('keys').showModal();
  $('viewer-close').onclick = close;
  $('viewer-fit').onclick = fit;
  $('viewer-one').onclick = () => zoom(1 / view.scale);
  $('viewer-compare').onclick = () => first && first !== looked ? (first = null, mark(), look(looked)) : keep(looked);
  $('viewer-difference').onclick = difference;
  $('wipe').oninput = place;
  $('scroll').addEventListener('wheel', event => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    size(Number($('size').value) * (event.deltaY < 0 ? 1.1 : 1 / 1.1));
  }, { passive: false });

  const stage = $('stage');
  stage.addEventListener('wheel', event => {
    event.preventDefault();
    const box = stage.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY * 0.0015), event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  let drag = null;
  stage.addEventListener('pointerdown', event => {
    if (event.target.id === 'wipe') return;
    const edge = $('handle').hidden ? NaN : stage.getBoundingClientRect().left + parseFloat($('handle').style.left);
    drag = { x: event.clientX, y: event.clientY, isWipe: Math.abs(event.clientX - edge) < 18 };
    stage.setPointerCapture(event.pointerId);
    stage.classList.add('moving');
  });
  stage.addEventListener('pointermove', event => {
    if (!drag) return;
    if (drag.isWipe) {
      const box = stage.getBoundingClientRect();
      $('wipe').value = 1000 * (event.clientX - box.left) / box.width;
    } else {
      view.x += event.clientX - drag.x;
      view.y += event.clientY - drag.y;
      view.isFitted = false;
      [drag.x, drag.y] = [event.clientX, event.clientY];
    }
    place();
  });
  for (const end of ['pointerup', 'pointercancel']) stage.addEventListener(end, () => { drag = null; stage.classList.remove('moving'); });
  stage.addEventListener('dblclick', event => {
    if (event.target.id !== 'wipe') view.isFitted ? zoom(1 / view.scale) : fit();
  });
  addEventListener('resize', () => { if (!$('viewer').hidden) view.isFitted ? fit() : place(); });

  addEventListener('keydown', event => {
    if (event.altKey || event.ctrlKey || event.metaKey || $('keys').open) return;
    const isClose = !$('viewer').hidden, isField = /^(SELECT|INPUT|TEXTAREA)$/.test(event.target.tagName);
    if (isField && !(event.key === 'Escape' && isClose)) return;
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (way) {
      event.preventDefault();
      // A button that was pressed before would take Enter for itself.
      if (!isClose) $('scroll').focus({ preventScroll: true });
      move(...way);
      if (isClose && chosen && isMade(chosen)) look(chosen);
      return;
    }
    if (event.target.tagName === 'BUTTON' && (event.key === 'Enter' || event.key === ' ') && !isClose && !event.target.classList.contains('cell')) return;
    const acts = {
      Enter: () => chosen && isMade(chosen) && look(chosen), ' ': () => chosen && isMade(chosen) && (isClose ? close() : look(chosen)), Escape: () => isClose ? close() : first && keep(first),
      c: () => { const cell = looked ?? chosen; if (cell && isMade(cell)) first && first !== cell ? (first = null, mark(), isClose && look(cell)) : keep(cell); },
      d: () => isClose && !$('other').hidden && difference(), x: () => $('swap').click(), t: () => $('theme').click(), '?': () => $('help').click(),
      '+': () => isClose ? zoom(1.25) : size(Number($('size').value) + 16), '=': () => acts['+'](), '-': () => isClose ? zoom(0.8) : size(Number($('size').value) - 16),
      0: () => isClose && fit(), 1: () => isClose && zoom(1 / view.scale),
      '[': () => turnFirst(-1), ']': () => turnFirst(1),
    };
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  function turnFirst(by) {
    const at = axes.findIndex((axis, at) => at !== columns && at !== rows && axis.values.length > 1);
    if (at >= 0) step(at, by);
  }

  theme();
  size(kept.get('size') ?? (data.sweeps[0]?.cells.length > 300 ? 96 : 144));
  if (data.sweeps.length) open(0);
  else $('title').textContent = data.title + ': no cells yet';
  document.documentElement.dataset.ready = 'yes';
})();
