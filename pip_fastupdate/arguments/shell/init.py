"""The function that makes ``pip update …`` run pip-update in the user's shell; every other pip command is unchanged.

It runs the ``pip-update`` next to the ``pip`` that the shell would run, because that environment is meant. One from
elsewhere on PATH is used only if pip is not in a virtual environment of its own (a user installation).
"""

from __future__ import annotations

from collections.abc import Mapping

_MISSING = "error: no pip-update next to"
_HINT = "hint: install pip-fastupdate into that environment"

_POSIX = """\
function pip {
    if [ "${1-}" != update ]; then
        command pip "$@"
        return
    fi
    shift
    local __pip
    __pip=$(@FIND@ pip) || __pip=
    if [ -n "$__pip" ] && [ -x "${__pip%/*}/pip-update" ]; then
        "${__pip%/*}/pip-update" "$@"
    elif [ -n "$__pip" ] && [ -f "${__pip%/*}/../pyvenv.cfg" ]; then
        printf '%s\\n' "@MISSING@ $__pip" '@HINT@' >&2
        return 1
    else
        command pip-update "$@"
    fi
}
"""

# An alias would override the function, and even garble its definition, were it not for the word "function".
_BASH = "unalias pip 2>/dev/null || :\n" + _POSIX.replace("@FIND@", "type -P")

# An alias that only modifies how `pip` is called ends in the function: it may stay.
_ZSH = """\
[[ ${aliases[pip]-} == (noglob|nocorrect)' pip' ]] || unalias pip 2>/dev/null || :
""" + _POSIX.replace("@FIND@", "whence -p")

_FISH = """\
function pip --description 'pip, with pip-update as `pip update`'
    if test "$argv[1]" != update
        command pip $argv
        return $status
    end
    set --erase argv[1]
    set --local pip (command --search pip)
    set --local folder (string replace --regex '/[^/]*$' '' -- "$pip")
    if test -n "$pip" -a -x "$folder/pip-update"
        "$folder/pip-update" $argv
    else if test -n "$pip" -a -f "$folder/../pyvenv.cfg"
        printf '%s\\n' "@MISSING@ $pip" '@HINT@' >&2
        return 1
    else
        command pip-update $argv
    end
end
"""

_POWERSHELL = """\
if (Test-Path Alias:pip) { Remove-Item Alias:pip -Force }
function global:pip {
    $pip = Get-Command pip -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1
    if ($args.Count -eq 0 -or $args[0] -cne 'update') {
        if (-not $pip) { throw 'pip is not on PATH' }
        if ($MyInvocation.ExpectingInput) { $input | & $pip.Source @args } else { & $pip.Source @args }
        return
    }
    $rest = @($args | Select-Object -Skip 1)
    $update = $null
    if ($pip) {
        $folder = Split-Path -Parent $pip.Source
        $beside = Join-Path $folder 'pip-update'
        $update = Get-Command $beside -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1
        if (-not $update -and (Test-Path (Join-Path (Split-Path -Parent $folder) 'pyvenv.cfg'))) {
            [Console]::Error.WriteLine("@MISSING@ $($pip.Source)")
            [Console]::Error.WriteLine('@HINT@')
            $global:LASTEXITCODE = 1
            return
        }
    }
    if (-not $update) { $update = Get-Command pip-update -CommandType Application | Select-Object -First 1 }
    & $update.Source @rest
}
"""

FUNCTIONS: Mapping[str, str] = {
    shell: text.rstrip().replace("@MISSING@", _MISSING).replace("@HINT@", _HINT)
    for shell, text in {"bash": _BASH, "zsh": _ZSH, "fish": _FISH, "powershell": _POWERSHELL}.items()
}
"""The code to evaluate, by the shell's name."""

_ALIASES = {"pwsh": "powershell"}


def function_for(shell: str) -> str | None:
    """Return the code for ``shell``, a name or a path, without a final line end; None for an unknown one."""
    return FUNCTIONS.get(name_of(shell))


def name_of(shell: str) -> str:
    """Return the shell's name in ``FUNCTIONS``; for an unknown shell, a name that is not in it."""
    name = shell.lower().replace("\\", "/").rpartition("/")[2].removesuffix(".exe")
    return _ALIASES.get(name, name)
