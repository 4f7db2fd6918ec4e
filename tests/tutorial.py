#!/usr/bin/env python3
"""Does what the tutorial says: runs its `sh run` blocks, writes its `file=` blocks, inserts its `insert=` blocks.

    tutorial.py docs/tutorial.md FOLDER        `capo` must be on PATH
"""
import os, re, subprocess, sys

text, folder = open(sys.argv[1], encoding="utf-8").read(), sys.argv[2]
steps = 0
for info, body in re.findall(r"^```([^\n]*)\n(.*?)^```$", text, re.M | re.S):
    if info == "sh run":
        for command in body.splitlines():
            print("$", command, flush=True)
            if command.startswith("cd "):
                folder = os.path.join(folder, command[3:])
                continue
            answer = subprocess.run(command, shell=True, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            print(answer.stdout, flush=True)
            if answer.returncode or "warning:" in answer.stdout:
                sys.exit(f"{command}: exit status {answer.returncode}, or a warning")
            steps += 1
    elif match := re.fullmatch(r"\w+ file=(\S+)", info):
        path = os.path.join(folder, match[1])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, "w", encoding="utf-8").write(body)
        steps += 1
    elif match := re.fullmatch(r"\w+ insert=(\S+) (after|before)=(.+)", info):
        path = os.path.join(folder, match[1])
        lines = open(path, encoding="utf-8").read().splitlines(keepends=True)
        at = [i for i, line in enumerate(lines) if match[3] in line]
        if len(at) != 1:
            sys.exit(f"{match[1]}: {len(at)} lines with {match[3]}")
        place = at[0] + (match[2] == "after")
        lines[place:place] = [body]
        open(path, "w", encoding="utf-8").write("".join(lines))
        steps += 1
if not os.path.exists(os.path.join(folder, "build-release", "mysite")):
    sys.exit("no release was built")
print(f"{steps} steps")
