"""Runs a program, and writes its peak memory in MiB to a file: peak.py FILE PROGRAM ARGUMENT..."""
import resource
import subprocess
import sys

code = subprocess.call(sys.argv[2:])
with open(sys.argv[1], "w") as file:
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, file=file)
sys.exit(code)
