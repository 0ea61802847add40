"""Commands and study files: parse, call one function, print, exit code."""
