"""BeatNet's networks as the one file that ships.

python -m benchmarks.convert_beatnet --wheel BeatNet-1.1.3-py3-none-any.whl --out mir/beatnet/weights
"""

import argparse
import io
import zipfile
from pathlib import Path

import torch

from mir.beatnet.crnn import BeatNet

NETWORKS = (1, 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheel", type=Path, required=True, help="from `pip download --no-deps BeatNet==1.1.3`")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    both = BeatNet(len(NETWORKS))
    with zipfile.ZipFile(given.wheel) as package:
        for number, network in zip(NETWORKS, both.networks, strict=True):
            file = io.BytesIO(package.read(f"BeatNet/models/model_{number}_weights.pt"))
            network.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
    both.save(given.out)
    print(given.out)


if __name__ == "__main__":
    main()
