# The status segment in $CONTOX_SEGMENT, from .git/contox/segment: shell builtins only, no process, not even a subshell.
# bash, zsh: ages from EPOCHSECONDS (bash 5; zsh after `zmodload zsh/datetime`). Other POSIX shells: without ages.
#
#   bash   . ~/prompt.sh; PROMPT_COMMAND="contox_segment; $PROMPT_COMMAND"; PS1='$CONTOX_SEGMENT '"$PS1"
#   zsh    . ~/prompt.sh; zmodload zsh/datetime; setopt prompt_subst; precmd_functions+=(contox_segment)
#          RPROMPT='$CONTOX_SEGMENT'
#
# Only numbers and words of its own ever reach the prompt, whatever the file holds.

contox_segment() {
    CONTOX_SEGMENT=
    _contox_dir=$PWD _contox_git=${GIT_DIR-} _contox_line=
    while [ -z "$_contox_git" ]; do
        if [ -d "$_contox_dir/.git" ]; then
            _contox_git=$_contox_dir/.git
        elif [ -f "$_contox_dir/.git" ]; then # a linked worktree, a submodule
            IFS= read -r _contox_line <"$_contox_dir/.git" || :
            case $_contox_line in
            'gitdir: /'*) _contox_git=${_contox_line#gitdir: } ;;
            'gitdir: '*) _contox_git=$_contox_dir/${_contox_line#gitdir: } ;;
            *) return 0 ;;
            esac
        elif [ -z "$_contox_dir" ]; then
            return 0
        else
            case $_contox_dir in
            */*) _contox_dir=${_contox_dir%/*} ;;
            *) return 0 ;; # `.`: the folder was deleted
            esac
        fi
    done
    if [ -f "$_contox_git/commondir" ]; then
        IFS= read -r _contox_line <"$_contox_git/commondir" || :
        case $_contox_line in
        /*) _contox_git=$_contox_line ;;
        *) _contox_git=$_contox_git/$_contox_line ;;
        esac
    fi
    [ -f "$_contox_git/contox/segment" ] && [ -r "$_contox_git/contox/segment" ] || return 0
    IFS=' ' read -r _contox_version _contox_state _contox_started _contox_until _contox_events _contox_saved \
        _contox_done _contox_total _contox_running_until <"$_contox_git/contox/segment" || return 0
    for _contox_number in "$_contox_started" "$_contox_until" "$_contox_events" "$_contox_saved" "$_contox_done" \
        "$_contox_total" "$_contox_running_until"; do
        case $_contox_number in
        0) ;;
        '' | 0* | *[!0123456789]* | ????????????????*) return 0 ;; # at most 15 digits: nothing else is computed with
        esac
    done
    [ "$_contox_version" = 1 ] || return 0
    _contox_now=${EPOCHSECONDS:-0}
    case $_contox_now in
    0* | *[!0123456789]*) _contox_now=0 ;;
    esac
    if [ "$_contox_state" = running ] && [ "$_contox_now" -ge "$_contox_running_until" ]; then
        _contox_state=quiet # whoever looked after it was killed
    fi
    case $_contox_state in
    disconnected) CONTOX_SEGMENT=disconnected ;;
    failed) CONTOX_SEGMENT='pipeline failed' ;;
    running) CONTOX_SEGMENT="pipeline $_contox_done/$_contox_total" ;;
    quiet)
        if [ "$_contox_events" -gt 0 ] && [ "$_contox_now" -lt "$_contox_until" ]; then
            _contox_noun=events
            [ "$_contox_events" -ne 1 ] || _contox_noun=event
            CONTOX_SEGMENT="capturing · $_contox_events $_contox_noun"
            [ "$_contox_now" -eq 0 ] || _contox_capturing
        elif [ "$_contox_saved" -gt 0 ]; then
            CONTOX_SEGMENT=saved
            [ "$_contox_now" -eq 0 ] || _contox_age $((_contox_now - _contox_saved))
        fi
        ;;
    esac
    return 0
}

_contox_capturing() {
    _contox_minutes=$(((_contox_now - _contox_started) / 60))
    [ "$_contox_minutes" -ge 0 ] || _contox_minutes=0
    _contox_span=${_contox_minutes}m
    if [ "$_contox_minutes" -ge 60 ]; then
        _contox_hours=$((_contox_minutes / 60)) _contox_minutes=$((_contox_minutes % 60))
        [ "$_contox_minutes" -ge 10 ] || _contox_minutes=0$_contox_minutes
        _contox_span="${_contox_hours}h ${_contox_minutes}m"
    fi
    CONTOX_SEGMENT="capturing $_contox_span · $_contox_events $_contox_noun"
}

_contox_age() {
    if [ "$1" -lt 60 ]; then
        CONTOX_SEGMENT='saved just now'
    elif [ "$1" -lt 3600 ]; then
        CONTOX_SEGMENT="saved $(($1 / 60))m ago"
    elif [ "$1" -lt 86400 ]; then
        CONTOX_SEGMENT="saved $(($1 / 3600))h ago"
    else
        CONTOX_SEGMENT="saved $(($1 / 86400))d ago"
    fi
}
