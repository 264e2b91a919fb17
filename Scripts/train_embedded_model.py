#!/usr/bin/env python3
import argparse
import os
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", "/work/train-state/inductor")
os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")

def main():
    parser = argparse.ArgumentParser()
    stages = parser.add_subparsers(dest="stage", required=True)
    s = stages.add_parser("cache"); s.add_argument("--shards", type=int, default=8); s.add_argument("--size", type=int, default=128)
    s = stages.add_parser("text"); s.add_argument("--minutes", type=float, default=4)
    s = stages.add_parser("flow"); s.add_argument("--until", required=True); s.add_argument("--decay", type=float, default=0); s.add_argument("--sizes", default="128:1")
    s.add_argument("--guided", action="store_true"); s.add_argument("--warm-start"); s.add_argument("--muon", type=float, default=3.5e-3); s.add_argument("--adam", type=float, default=1e-3)
    s.add_argument("--average", type=float, default=.998); s.add_argument("--warm", type=int, default=40); s.add_argument("--things", default="all", choices=["old", "first", "all"]); s.add_argument("--eager", action="store_true")
    s = stages.add_parser("export"); s.add_argument("--out", default="export"); s.add_argument("--which", default="average")
    s = stages.add_parser("evaluate"); s.add_argument("folder"); s.add_argument("--things", default="all", choices=["old", "first", "all"]); s.add_argument("--mirrored", action="store_true"); s.add_argument("--rounded", action="store_true"); s.add_argument("--quick", action="store_true")
    a = parser.parse_args()
    if a.stage == "cache":
        from embedded_model.cache import make_cache
        make_cache(a.shards, a.size)
    if a.stage == "text":
        from embedded_model.train import train_text
        train_text(a.minutes)
    if a.stage == "flow":
        from embedded_model.train import train_flow
        train_flow(a)
    if a.stage == "export":
        from embedded_model.export import export
        export(a.out, a.which)
    if a.stage == "evaluate":
        from embedded_model import evaluate
        evaluate.ROUNDED = a.rounded
        evaluate.evaluate(a.folder, a.things, a.quick, a.mirrored)

if __name__ == "__main__": main()
