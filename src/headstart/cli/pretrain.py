"""``headstart pretrain``: let a backbone learn from a person's own pictures or texts, with a teacher or without."""

from __future__ import annotations

import argparse
import json
import shlex
from typing import TYPE_CHECKING, Any

from headstart.cli._examples import add_machine

if TYPE_CHECKING:
    from headstart.experiment.pretraining.pretrained_folder import Pretrained

EPILOG = """examples:
  headstart pretrain photos/ --out mine                          go on from what is at hand, on your own pictures
  headstart pretrain photos/ --backbone backbones/vit --method masked_autoencoding --out mine
  headstart pretrain photos/ --teacher backbones/resnet50 --student timm/mobilenetv3_small_050 --out small
  headstart pretrain labelled/ --student timm/resnet18 --method supervised --out mine --budget 2h
  headstart pretrain photos/ --teacher T --student S --out small --probe labelled/    see whether features improve
  headstart pretrain texts.txt --architecture awd_lstm --out mine       a recurrent language model of your own
  headstart pretrain labelled.csv --method supervised --target label --out mine    a text backbone, from labels
  headstart pretrain mails.csv --out mine                  a text backbone at hand goes on learning from your texts
A student of timm or torchvision by name begins with random weights, one on this machine goes on from what it is.
"""


def add_to(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "pretrain",
        help="make a backbone from your own pictures or texts",
        description="Let a backbone learn, and write a backbone folder. Of pictures it learns from a teacher, whose "
        "answers for crops are learnt, from the crops alone, or from labels; of texts from those alone, or from "
        "labels. It begins with random weights, or goes on from its own.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("data", nargs="+", help="folders of pictures, or texts: a table or lines")
    parser.add_argument("--input", metavar="COLUMN", help="the column of paths or texts, of a table (default: found)")
    parser.add_argument("--target", metavar="COLUMN", help="the column of targets, for methods that learn from them")
    parser.add_argument(
        "--backbone", metavar="BACKBONE", help="go on from its weights, as fit names them (default: what is at hand)"
    )
    parser.add_argument("-o", "--out", required=True, metavar="FOLDER", help="where the backbone goes")
    parser.add_argument("--budget", default="20m", metavar="TIME", help="time it may take (default: 20m)")
    parser.add_argument("--epochs", type=int, metavar="N", help="so many (default: what the budget allows)")
    parser.add_argument("--probe", metavar="DATA", help="labelled examples that show whether features improve")
    parser.add_argument("--probe-target", metavar="COLUMN", help="their column of targets, of a table")
    parser.add_argument(
        "--method",
        default="auto",
        metavar="NAME",
        help="name or name:setting=value (default: of pictures distillation with a teacher, vicreg without; of texts "
        "what suits the backbone)",
    )
    parser.add_argument("--rate", type=float, metavar="R", help="peak learning rate (default: what suits)")
    parser.add_argument("--resume", action="store_true", help="go on with an interrupted pretraining")
    _add_of_pictures(parser.add_argument_group("of pictures"))
    parser.add_argument_group("of texts").add_argument(
        "--architecture",
        metavar="NAME",
        help="begin with random weights: awd_lstm, or awd_lstm:hidden=256,layers=2",
    )
    add_machine(parser)
    parser.add_argument("--json", action="store_true", help="the result as one JSON object on stdout")
    parser.set_defaults(run=run)


def _add_of_pictures(group: Any) -> None:
    group.add_argument("--teacher", metavar="BACKBONE", help="who teaches: a name or a folder (default: nobody)")
    group.add_argument("--student", metavar="BACKBONE", help="what learns: a name, or a folder to go on from")
    group.add_argument("--fresh", action="store_true", help="random weights even for a student with its own")
    group.add_argument(
        "--course",
        default="auto",
        metavar="NAME",
        help="stored: the teacher answers once for crops that are met again; streamed: for every batch of ever new "
        "ones (default: streamed on a GPU)",
    )
    group.add_argument("--size", type=int, metavar="N", help="pixels of a streamed crop's side (default: student's)")


def run(options: argparse.Namespace) -> None:
    """Pretrain, and say what became of the student."""
    from headstart.core.files import finite
    from headstart.experiment.pretraining.pretrain import pretrain

    result = pretrain(
        options.data[0] if len(options.data) == 1 else options.data,
        teacher=options.teacher,
        student=options.student,
        backbone=options.backbone,
        target=options.target,
        out=options.out,
        input=options.input,
        probe=options.probe,
        probe_target=options.probe_target,
        method=options.method,
        epochs=options.epochs,
        budget=options.budget,
        seed=options.seed,
        device=options.device,
        engine=options.engine,
        resume=options.resume,
        course=options.course,
        size=options.size,
        fresh=options.fresh,
        rate=options.rate,
        architecture=options.architecture,
    )
    if options.json:
        print(json.dumps(finite(result.to_json()), ensure_ascii=False))
    else:
        print("\n".join(_words(result)))


def _words(result: Pretrained) -> list[str]:
    """What was reached, why it ended, and what to do next."""
    from headstart.core.timing import say_duration

    return [
        *result.told,
        f"Learnt:   {result.learnt}",
        f"Stopped:  {result.stopped_because}. It took {say_duration(result.seconds)}.",
        f"Backbone: {result.backbone}",
        f"Next:     headstart fit DATA --backbone {shlex.quote(result.backbone)}",
    ]
