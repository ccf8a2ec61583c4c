"""`shugang …`: one command for those who run the platform and those who check it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any


def _django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shugang.settings")
    import django

    django.setup()


def _init(args: argparse.Namespace) -> int:
    _django()
    from shugang.commands import setup

    return setup.init(show_links=not args.quiet)


def _serve(args: argparse.Namespace) -> int:
    from shugang.commands import processes

    return processes.serve(args.roles.split(","), args.plane_workers)


def _doctor(args: argparse.Namespace) -> int:
    _django()
    from shugang.commands import doctor

    return doctor.run()


def _verify(args: argparse.Namespace) -> int:
    from shugang.commands import verify

    return verify.run(args.source, args.key, args.known)


def _verify_bundle(args: argparse.Namespace) -> int:
    from shugang.commands import verify_bundle

    return verify_bundle.run(args.file, args.key)


def _rotate(args: argparse.Namespace) -> int:
    _django()
    from shugang.commands import logkey

    return logkey.rotate(0 if args.compromised else args.overlap_days)


def _trace(args: argparse.Namespace) -> int:
    _django()
    from shugang.commands import leak

    return leak.run(args.file, args.map, args.dataset)


def _demo(args: argparse.Namespace) -> int:
    from shugang.commands import demonstration

    return demonstration.run(stay=not args.exit)


def _manage(args: argparse.Namespace) -> int:
    _django()
    from django.core.management import execute_from_command_line

    execute_from_command_line(["shugang manage", *args.rest])
    return 0


def _plane(args: argparse.Namespace) -> int:
    from shugang.commands import plane

    return plane.run(args)


def _backup(args: argparse.Namespace) -> int:
    from shugang.commands.keeping import command

    return command.backup(args)


def _restore(args: argparse.Namespace) -> int:
    from shugang.commands.keeping import command

    return command.restore(args)


def _add_keeping(sub: Any) -> None:
    backup = sub.add_parser("backup", help="运行中备份到一个文件 / back up into one file while running")
    backup.add_argument("target", nargs="?", default="", help="文件或文件夹 / file or folder")
    backup.add_argument("--verify", action="store_true", help="只核对已有的备份 / only check an existing backup")
    backup.add_argument("--recipient", default="", help="封存密钥所用的公钥 / seal the keys to this public key")
    backup.add_argument(
        "--new-recipient", default="", metavar="FILE", help="生成一对封存密钥，私钥写入FILE / make such a key pair"
    )
    backup.set_defaults(act=_backup)
    restore = sub.add_parser("restore", help="恢复到空文件夹 / restore into an empty folder")
    restore.add_argument("source", help="备份文件 / the backup's file")
    restore.add_argument("--to", required=True, help="新的数据文件夹 / the new data folder")
    restore.add_argument("--database-url", default="", help="PostgreSQL的空库 / an empty database of PostgreSQL")
    restore.add_argument(
        "--journal-url", default="", help="节点用量日志的库 / the database for planes' shared journals"
    )
    restore.add_argument("--vault-s3-url", default="", help="数据仓库的新存储 / another store for the vault")
    seen = restore.add_mutually_exclusive_group(required=True)
    seen.add_argument(
        "--published",
        help="已公布的日志：旧日志文件夹、网址或检查点文件 / what was published: the log's folder, address or checkpoint",
    )
    seen.add_argument(
        "--nothing-published",
        action="store_true",
        help="备份之后平台没有再运行过 / the platform has not run since this backup",
    )
    restore.set_defaults(act=_restore)
    for command in (backup, restore):
        command.add_argument("--passphrase-file", default="", help="口令文件 / a file that holds the passphrase")
        command.add_argument("--identity", default="", help="接收方私钥文件 / the recipient's private key file")


def _upload(args: argparse.Namespace) -> int:
    from shugang.commands import upload

    return upload.run(args)


def _bid(args: argparse.Namespace) -> int:
    from shugang.commands import bid

    return bid.run(args)


def _add_bid(sub: Any) -> None:
    bid = sub.add_parser("bid", help="密封报价：封标、开标、核对 / a sealed bid: seal, open, check a result")
    part = bid.add_subparsers(dest="bid_command", required=True)
    seal = part.add_parser(
        "seal", help="生成封标码和开标文件，可直接提交 / make commitment and opening file; may send it"
    )
    seal.add_argument("auction", help="竞价编号 / number of the auction")
    seal.add_argument("--bidder", required=True, help="本机构编号 / number of your organisation")
    seal.add_argument("--amount", required=True, help="报价（元） / your bid in CNY")
    seal.add_argument("--out", default="", help="开标文件 / the opening file")
    opening = part.add_parser("open", help="用开标文件开标 / open a bid with its file")
    opening.add_argument("file", help="开标文件 / the opening file")
    for command in (seal, opening):
        command.add_argument(
            "--url", default="", help="平台地址；不给则不发送 / the platform's address; without it nothing is sent"
        )
    verify = part.add_parser("verify", help="核对竞价结果 / check the result of an auction")
    verify.add_argument("file", help="核对材料 / the verification document")
    verify.add_argument(
        "--key", default="", help="日志公钥，一并核对回执 / the log's key, to check the receipts as well"
    )
    bid.set_defaults(act=_bid)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="shugang", description="数港：城市数据市场 / a data market for a city")
    sub = top.add_subparsers(dest="command", required=True)
    init = sub.add_parser(
        "init", help="首次安装：密钥、数据库、三员一次性链接 / first run: keys, database, administrators' links"
    )
    init.add_argument("--quiet", action="store_true", help="不显示一次性链接 / do not print the one-time links")
    init.set_defaults(act=_init)
    serve = sub.add_parser("serve", help="启动平台 / run the platform")
    serve.add_argument(
        "--roles", default="control,plane,worker,sequencer", help="本机运行哪些进程 / which processes run here"
    )
    serve.add_argument(
        "--plane-workers",
        type=int,
        default=None,
        help="数据面工作进程数，多于1须设SHUGANG_PLANE_JOURNAL_URL / processes of the data plane; more than 1 need it set",
    )
    serve.set_defaults(act=_serve)
    sub.add_parser("doctor", help="检查缺什么、哪里不安全 / say what is missing or unsafe").set_defaults(act=_doctor)
    verify = sub.add_parser("verify", help="只凭公钥核对整本存证日志 / check the whole log from its public key")
    verify.add_argument(
        "source",
        nargs="?",
        default="",
        help="日志网址或文件夹；默认本机 / the log's address or folder; default: this machine's",
    )
    verify.add_argument(
        "--key",
        action="append",
        default=[],
        help="日志公钥；再给的是还须签署的SM2公钥、见证方公钥 / the log's vkey; further ones (SM2, witnesses) must have signed too",
    )
    verify.add_argument(
        "--known", action="append", default=[], help="您留存的旧检查点文件 / a checkpoint file that you kept"
    )
    verify.set_defaults(act=_verify)
    bundle = sub.add_parser("verify-bundle", help="离线核对一个争议证据包 / check an evidence bundle offline")
    bundle.add_argument("file", help="证据包文件 / the bundle")
    bundle.add_argument(
        "--key", action="append", default=[], help="日志公钥或存有它的文件 / the log's vkey, or a file that holds it"
    )
    bundle.set_defaults(act=_verify_bundle)
    rotate = sub.add_parser("rotate-log-key", help="更换日志签名密钥 / change the keys that sign the log")
    rotate.add_argument(
        "--overlap-days", type=int, default=30, help="旧密钥继续同签的天数 / days for which the former keys sign on"
    )
    rotate.add_argument(
        "--compromised", action="store_true", help="旧密钥已泄露，立即停用 / a key leaked: the former stop at once"
    )
    rotate.set_defaults(act=_rotate)
    trace = sub.add_parser(
        "trace-leak", help="查明泄露文件出自哪个接收方 / name the recipient whose copy a leaked file is"
    )
    trace.add_argument("file", help="CSV、Parquet、JSON或Excel文件 / a CSV, Parquet, JSON or Excel file")
    trace.add_argument("--dataset", default="", help="只比对这个数据集 / compare with this data set alone")
    trace.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="NAME=COLUMN",
        help="文件中改过名的字段 / a column renamed in the file",
    )
    trace.set_defaults(act=_trace)
    demo = sub.add_parser("demo", help="用真实数据演示全链条 / play the whole chain on real data")
    demo.add_argument("--exit", action="store_true", help="演示完即退出 / leave when it has been played")
    demo.set_defaults(act=_demo)
    _add_keeping(sub)
    manage = sub.add_parser("manage", help="Django 管理命令 / Django's management commands")
    manage.add_argument("rest", nargs=argparse.REMAINDER)
    manage.set_defaults(act=_manage)
    upload = sub.add_parser("upload", help="上传大文件，中断后可继续 / send a large file, resumable")
    upload.add_argument("file", help="文件 / the file")
    upload.add_argument("--dataset", required=True, help="数据集编号 / number of the data set")
    upload.add_argument("--url", default="http://127.0.0.1:8600", help="平台地址 / the platform's address")
    upload.add_argument("--append", action="store_true", help="在最新版之后追加 / append to the newest version")
    upload.add_argument("--keys", default="", help="主键字段，逗号分隔 / key columns, comma-separated")
    upload.set_defaults(act=_upload)
    _add_bid(sub)
    plane = sub.add_parser("plane", help="供方现场的数据面 / a data plane at the supplier's site")
    plane_sub = plane.add_subparsers(dest="plane_command", required=True)
    enrol = plane_sub.add_parser("enrol", help="用一次性代码接入 / join with a one-time code")
    enrol.add_argument("url", help="平台地址 / the platform's address")
    enrol.add_argument("code", help="一次性代码 / the one-time code")
    enrol.add_argument("--dir", default="plane", help="本地文件夹 / local folder")
    check = plane_sub.add_parser("check", help="检查能否供数 / try whether it can serve")
    check.add_argument("--dir", default="plane", help="本地文件夹 / local folder")
    run = plane_sub.add_parser("run", help="启动 / start it")
    run.add_argument("--dir", default="plane", help="本地文件夹 / local folder")
    plane.set_defaults(act=_plane)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    args = parser().parse_args(argv)
    return int(args.act(args))


if __name__ == "__main__":
    sys.exit(main())
