"""The shells' code for completion; words between two ``@`` are filled in from the parser."""

from __future__ import annotations

from collections.abc import Mapping

# macOS has bash 3.2: without `compopt` no files are offered there. Completion of pip itself still works.
_BASH = r"""
__pip_update_among() {
    local IFS=$' \t\n'
    COMPREPLY=($(compgen -W "$1" -- "$2"))
}
__pip_update_names() {
    local program entry name typed=${2//_/-}
    program=$(type -P "$1") || return 0
    for entry in "${program%/*}"/../{lib/python*,Lib}/site-packages/*.dist-info; do
        name=${entry##*/}
        name=${name%%-*}
        name=${name//_/-}
        if [[ $name =~ ^[[:alnum:]][[:alnum:].-]*$ && $name == "$typed"* ]]; then COMPREPLY+=("$name"); fi
    done
}
__pip_update_ids() {
    local program entry
    program=$(type -P "$1") || return 0
    for entry in "${program%/*}"/../.pip-fastupdate/*/; do
        entry=${entry%/}
        entry=${entry##*/}
        if [[ $entry =~ ^[[:alnum:]]+$ && $entry == "$2"* ]]; then COMPREPLY+=("$entry"); fi
    done
}
__pip_update_complete() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
    COMPREPLY=()
    if [ "$cur" = = ]; then
        cur=
    elif [ "$prev" = = ] && [ "$COMP_CWORD" -gt 2 ]; then
        prev=${COMP_WORDS[COMP_CWORD-2]}
    fi
    if [[ $cur == -* ]]; then
        __pip_update_among '@OPTIONS@' "$cur"
        return
    fi
    case $prev in
@CHOICES@
        @FILES@) compopt -o default 2>/dev/null; return ;;
        @OTHER@) return ;;
    esac
    __pip_update_names "${1##*/}" "$cur"
}
__pip_update_of_pip() {
    COMPREPLY=()
    if [ "$COMP_CWORD" -gt 1 ] && [ "${COMP_WORDS[1]}" = update ]; then
        __pip_update_complete pip
    else
        compopt -o default 2>/dev/null
    fi
}
complete -F __pip_update_complete pip-update
complete -p pip >/dev/null 2>&1 || complete -F __pip_update_of_pip pip
"""

# Nothing can be registered before `compinit` has run.
_ZSH = r"""
__pip_update_names() {
    emulate -L zsh
    setopt extendedglob
    local program
    local -a found
    program=$(whence -p -- "$1") || return 1
    found=( ${program:h}/../{lib/python*,Lib}/site-packages/*.dist-info(N:t) )
    found=( ${${found%%-*}//_/-} )
    found=( ${(M)found:#[[:alnum:]][[:alnum:].-]#} )
    compadd -M 'm:{[:lower:][:upper:]_}={[:upper:][:lower:]-}' -a found
}
__pip_update_ids() {
    emulate -L zsh
    setopt extendedglob
    local program
    local -a found
    program=$(whence -p -- "$1") || return 1
    found=( ${program:h}/../.pip-fastupdate/[[:alnum:]]##(N/:t) )
    compadd -a found
}
__pip_update_complete() {
    local previous=${words[CURRENT-1]} program=${1:-pip-update}
    local -a options
    options=(
@OPTIONS@
    )
    if [[ $PREFIX == --*=* ]]; then
        previous=${PREFIX%%=*}
        compset -P '*='
    fi
    if [[ $PREFIX == -* ]]; then
        _describe -o option options
        return
    fi
    case $previous in
@CHOICES@
        (@FILES@) _files; return ;;
        (@OTHER@) return 1 ;;
    esac
    __pip_update_names $program
}
__pip_update_of_pip() {
    if (( CURRENT > 2 )) && [[ ${words[2]} == update ]]; then
        __pip_update_complete pip
    else
        _default
    fi
}
if (( $+functions[compdef] )); then
    compdef __pip_update_complete pip-update
    (( $+_comps[pip] )) || compdef __pip_update_of_pip pip
fi
"""

_FISH = r"""
function __pip_update_names
    set --local words (commandline --tokenize --cut-at-cursor --current-process)
    set --local program (command --search -- "$words[1]")
    or return 0
    set --local folder (string replace --regex '/[^/]*$' '/..' -- "$program")
    set --local found $folder/lib/python*/site-packages/*.dist-info
    set --local name '(?s)^.*/([A-Za-z0-9][A-Za-z0-9._]*)-[^/\n]*$'
    string replace --filter --regex $name '$1' -- $found | string replace --all _ -
    return 0
end
function __pip_update_ids
    set --local words (commandline --tokenize --cut-at-cursor --current-process)
    set --local program (command --search -- "$words[1]")
    or return 0
    set --local folder (string replace --regex '/[^/]*$' '/..' -- "$program")
    set --local found $folder/.pip-fastupdate/*/
    string replace --filter --regex '^.*/([A-Za-z0-9]+)/$' '$1' -- $found
    return 0
end
function __pip_update_is_meant
    set --local words (commandline --tokenize --cut-at-cursor --current-process)
    test "$words[2]" = update
end
function __pip_update_register
@OPTIONS@
    complete $argv -f -a '(__pip_update_names)'
end
__pip_update_register -c pip-update
__pip_update_register -c pip -n __pip_update_is_meant
functions --erase __pip_update_register
"""

# -v and -V would be the same key in a table, so these are pairs.
_POWERSHELL = r"""
Register-ArgumentCompleter -Native -CommandName 'pip-update', 'pip-update.exe' -ScriptBlock {
    param($word, $ast, $position)
    $options = @(
@OPTIONS@
    )
    $before = @($ast.CommandElements | Where-Object { $_.Extent.EndOffset -lt $position })
    $previous = if ($before.Count) { $before[-1].ToString() } else { '' }
    $offered = $null
    switch -CaseSensitive ($previous) {
@CHOICES@
    }
    if ("$word".StartsWith('-')) {
        $offered = $options
    } elseif ($null -ne $offered) {
        $offered = @($offered | ForEach-Object { , @($_, $_) })
    } elseif (@VALUES@ -ccontains $previous) {
        return
    } else {
        $program = Get-Command pip-update -CommandType Application -ErrorAction SilentlyContinue |
            Select-Object -First 1
        if (-not $program) { return }
        $environment = Split-Path -Parent (Split-Path -Parent $program.Source)
        $environment = [System.Management.Automation.WildcardPattern]::Escape($environment)
        $folders = 'Lib/site-packages', 'lib/python*/site-packages' | ForEach-Object { Join-Path $environment $_ }
        $offered = @(
            Get-ChildItem -Path $folders -Filter '*.dist-info' -Directory -ErrorAction SilentlyContinue |
                ForEach-Object { ($_.Name -split '-')[0].Replace('_', '-') } |
                Where-Object { $_ -match '^[A-Za-z0-9][A-Za-z0-9.-]*\z' } |
                Sort-Object -Unique | ForEach-Object { , @($_, $_) }
        )
    }
    $offered | Where-Object { $_[0].StartsWith("$word", [StringComparison]::Ordinal) } | ForEach-Object {
        [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $_[1])
    }
}
"""

TEMPLATES: Mapping[str, str] = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH, "powershell": _POWERSHELL}
"""The code of each shell, by its name."""
