//! The scripts that make a shell ask the program what may stand next.

use clap::ValueEnum;

/// A shell that asks the program while a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Asking {
    /// Bash
    Bash,
    /// Zsh
    Zsh,
    /// Fish
    Fish,
}

/// The script for a shell. It runs the program that the line names, and evaluates nothing of what that prints.
pub(in crate::cli) fn script(shell: Asking) -> &'static str {
    match shell {
        Asking::Bash => BASH,
        Asking::Zsh => ZSH,
        Asking::Fish => FISH,
    }
}

const BASH: &str = r#"# Completion of egressor for bash. The program itself says what may stand next.
_egressor() {
    local line beside=
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ -z $beside ]]; then
            beside=$line
        else
            COMPREPLY+=("$line")
        fi
    done < <("$1" __complete bash -- "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)
    case $beside in
        open) compopt -o nospace 2>/dev/null ;;
        files)
            compopt -o filenames 2>/dev/null
            while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$2")
            ;;
        folders)
            compopt -o filenames 2>/dev/null
            while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -d -- "$2")
            ;;
    esac
}
complete -F _egressor egressor
"#;

const ZSH: &str = r#"#compdef egressor
# Completion of egressor for zsh. The program itself says what may stand next.
_egressor() {
    local -a lines values shown
    local line beside
    lines=("${(@f)$("$words[1]" __complete zsh -- "${(@Q)words[1,CURRENT]}" 2>/dev/null)}")
    beside=$lines[1]
    for line in "${(@)lines[2,-1]}"; do
        [[ -n $line ]] || continue
        values+=("${line%%$'\t'*}")
        if [[ $line == *$'\t'* ]]; then
            shown+=("${line%%$'\t'*}  -- ${line#*$'\t'}")
        else
            shown+=("$line")
        fi
    done
    local -a open
    [[ $beside == open ]] && open=(-S '')
    (( $#values )) && compadd -l $open -d shown -a values
    case $beside in
        files) _files ;;
        folders) _files -/ ;;
    esac
}
if [[ ${funcstack[1]} == _egressor ]]; then
    _egressor "$@"
else
    compdef _egressor egressor
fi
"#;

const FISH: &str = r#"# Completion of egressor for fish. The program itself says what may stand next.
function __egressor_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l lines ($words[1] __complete fish -- $words 2>/dev/null)
    switch "$lines[1]"
        case files
            __fish_complete_path (commandline -ct)
        case folders
            __fish_complete_directories (commandline -ct) ''
    end
    for line in $lines[2..-1]
        printf '%s\n' $line
    end
end
complete -c egressor -f -a '(__egressor_complete)'
"#;
