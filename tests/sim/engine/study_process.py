"""One call of `simulate` in a process of its own, so that a test may kill it: STORE CASES ENGINE [WORKERS]."""

import json
import sys
from pathlib import Path

import odd_engines
import small_cases

import sim


def main():
    store, count, engine = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    workers = int(sys.argv[4]) if len(sys.argv) > 4 else 2
    answer = sim.simulate(small_cases.cases(count), weather=Path(sys.argv[5]), settings=small_cases.settings(),
                          store=store, workers=workers, progress="quiet", engine=getattr(odd_engines, engine))
    print(json.dumps({"status": answer["status"].values.tolist(),
                      "energy": answer["energy_use"].sum(("carrier", "end_use", "month")).values.tolist()}))


if __name__ == "__main__":
    from vocabulary import RetrofolioError

    try:
        main()
    except RetrofolioError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.exit(error.exit_code)
