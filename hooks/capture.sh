#!/bin/sh
# contox-hooks hook 1: the foreground of a git command. Sourced by the five hooks beside it; never run by itself.
#
# The user's git command is sacred: shell builtins only, nothing printed, exit 0, at most one process started and none
# while a drain is on its way. Everything that can fail stands inside { ...; } 2>/dev/null: dash prints a failed
# redirection to the user's terminal otherwise.
#
# Given by the hook: contox_hook (git's name for it), contox_next (the user's own hook, run after us if it is there).
#
# <common git dir>/contox/spool, append only, one record a line, words parted by one space; a newline stands before and
# after each record, so that one cut off by SIGKILL cannot spoil the next (readers skip empty lines):
#
#   1 <hook> <head> <worktree> <argument>...   head: HEAD's id or `-` (unborn, packed, reftable); worktree: `+` in a
#                                              linked one (its name may hold a secret), `-` in the main one
#   1 pair <command> <old> <new>               post-rewrite's standard input; command is amend or rebase
#   1 probe <token> <hook>                     asked for by `contox-hooks doctor` through CONTOX_PROBE
#
# A word that is not plain ASCII (or over 200 characters) is recorded as `?`. Records are hints; git is the truth.
#
# <common git dir>/contox/drain.mark: `<pid> <start>`, the drain on its way; start is field 22 of /proc/PID/stat (`-`
# where there is no /proc), so that a process number used again is not taken for it. The process that a hook starts writes
# its mark; the drain that wins the lock writes its own over it, and removes it before its last look.
#
# shellcheck disable=SC2154 # contox_hook and contox_next come from the hook

contox_plain() { # sets contox_word to $1 if it is a plain word, else to `?`
	contox_word='?'
	case $1 in
	'' | *[!0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._/@+=:,-]*) return ;;
	esac
	[ ${#1} -gt 200 ] || contox_word=$1
}

contox_find() { # sets contox_dir, contox_common, contox_worktree
	contox_dir=${GIT_DIR:-.git}
	if [ -f "$contox_dir" ]; then
		contox_base=${contox_dir%"${contox_dir##*/}"}
		{ read -r contox_dir <"$contox_dir"; } 2>/dev/null
		contox_dir=${contox_dir#gitdir: }
		case $contox_dir in
		/* | [A-Za-z]:*) ;;
		*) contox_dir=$contox_base$contox_dir ;;
		esac
	elif [ ! -d "$contox_dir" ] && [ -z "$GIT_DIR" ] && [ -f HEAD ] && [ -d objects ]; then
		contox_dir=.
	fi
	contox_common=$contox_dir
	contox_worktree=-
	if [ -f "$contox_dir/commondir" ]; then
		{ read -r contox_common <"$contox_dir/commondir"; } 2>/dev/null
		case $contox_common in
		/* | [A-Za-z]:*) ;;
		*) contox_common=$contox_dir/$contox_common ;;
		esac
		contox_worktree=+
	fi
}

contox_read_head() { # sets contox_head
	contox_head=-
	{ read -r contox_head <"$contox_dir/HEAD"; } 2>/dev/null
	case $contox_head in
	'ref: refs/bisect/'* | 'ref: refs/worktree/'* | 'ref: refs/rewritten/'*) contox_ref=$contox_dir/${contox_head#ref: } ;;
	'ref: '*) contox_ref=$contox_common/${contox_head#ref: } ;;
	*) contox_ref= ;;
	esac
	if [ -n "$contox_ref" ]; then
		contox_head=-
		[ -f "$contox_ref" ] && { read -r contox_head <"$contox_ref"; } 2>/dev/null
	fi
	case $contox_head in
	'' | *[!0123456789abcdef]*) contox_head=- ;;
	esac
}

contox_record_pairs() { # standard input as records of the command $1; kept to the byte for contox_next
	contox_stdin=
	contox_stdin_read=1
	while IFS= read -r contox_line; do
		[ -x "$contox_next" ] && contox_stdin=$contox_stdin$contox_line'
'
		contox_old=${contox_line%% *}
		contox_new=${contox_line#* }
		contox_new=${contox_new%% *}
		case $contox_old$contox_new in
		'' | *[!0123456789abcdef]*) ;;
		*) printf '\n1 pair %s %s %s\n' "$1" "$contox_old" "$contox_new" ;;
		esac
	done
	contox_stdin=$contox_stdin$contox_line
}

contox_read_start() { # sets contox_start for the process $1: `-` without /proc, `dead` for a zombie
	contox_start=-
	contox_stat=
	{ read -r contox_stat <"/proc/$1/stat"; } 2>/dev/null
	[ -n "$contox_stat" ] || return
	# shellcheck disable=SC2086 # the words after the last `)`, that is after the program's name: state is field 3
	set -- ${contox_stat##*)}
	contox_start=${20:--}
	# Where nobody reaps orphans (many containers) a drain that has ended stays for ever, and kill -0 finds it.
	case $1 in Z | X) contox_start=dead ;; esac
}

contox_wake() { # starts a drain unless one is on its way; arguments are passed on to it
	contox_pid=
	contox_since=
	[ -f "$contox_state/drain.mark" ] && { read -r contox_pid contox_since <"$contox_state/drain.mark"; } 2>/dev/null
	case $contox_pid in
	'' | *[!0123456789]*) ;;
	*)
		if { kill -0 "$contox_pid"; } 2>/dev/null; then
			contox_read_start "$contox_pid"
			# Without start times a mark cannot be trusted for ever: now and then a drain is started anyway.
			if [ "$contox_start" = "$contox_since" ] && { [ "$contox_start" != - ] || [ $(($$ % 16)) -ne 0 ]; }; then
				return
			fi
		fi
		;;
	esac
	contox_python=
	{ read -r contox_python <"$contox_state/python"; } 2>/dev/null
	if [ -n "$contox_framework" ]; then
		[ -x "$contox_python" ] || contox_python=${0%/*}/python
	fi
	[ -f "$contox_python" ] && [ -x "$contox_python" ] || return
	# The process marks itself before it becomes Python, which costs the user nothing. -I: neither the work tree nor
	# PYTHONPATH may put code on this path. The drain makes a session of its own.
	{
		contox_read_start self
		[ -n "$contox_stat" ] && printf '%s %s\n' "${contox_stat%% *}" "$contox_start" >"$contox_state/drain.mark"
		exec "$contox_python" -E -P -m contox_hooks.wake "$contox_common" "$@"
	} </dev/null >/dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
	[ -f /proc/self/stat ] || { printf '%s -\n' "$!" >"$contox_state/drain.mark"; } 2>/dev/null
}

contox_capture() { # the arguments of the hook
	contox_find
	contox_state=$contox_common/contox
	if [ -n "$CONTOX_PROBE" ]; then
		contox_plain "$CONTOX_PROBE"
		if [ -d "$contox_state" ]; then
			{ printf '\n1 probe %s %s\n' "$contox_word" "$contox_hook" >>"$contox_state/spool"; } 2>/dev/null
		fi
		exit 0
	fi
	contox_framework=
	case ${0##*/} in
	contox-*) # run by pre-commit, which hands git's arguments over in the environment
		contox_framework=1
		case $contox_hook in
		post-checkout) set -- "$PRE_COMMIT_FROM_REF" "$PRE_COMMIT_TO_REF" "$PRE_COMMIT_CHECKOUT_TYPE" ;;
		post-merge) set -- "$PRE_COMMIT_IS_SQUASH_MERGE" ;;
		post-rewrite) set -- "$PRE_COMMIT_REWRITE_COMMAND" ;;
		esac
		;;
	esac
	if [ -z "$contox_framework" ]; then
		[ -d "$contox_state" ] || return # not initialised
	fi
	contox_read_head
	contox_record="1 $contox_hook $contox_head $contox_worktree"
	for contox_argument; do
		contox_plain "$contox_argument"
		contox_record="$contox_record $contox_word"
	done
	if [ -d "$contox_state" ]; then
		{
			{
				printf '\n%s\n' "$contox_record"
				# The framework does not pass git's standard input on, and a terminal would be waited for.
				if [ "$contox_hook" = post-rewrite ] && [ -z "$contox_framework" ] && [ ! -t 0 ]; then
					contox_record_pairs "$contox_word"
				fi
			} >>"$contox_state/spool"
		} 2>/dev/null
		contox_wake
	else # the framework's hook in a repository seen for the first time: the drain makes the folder and keeps the record
		contox_wake "$contox_record"
	fi
}

contox_avoid_loop() { # pre-commit, installed anew, runs us as `<hook>.legacy`: never back into the pre-commit that we chained
	contox_line=
	{ read -r contox_line && read -r contox_line; } <"$contox_next"
	case $contox_line in *'generated by pre-commit'*) contox_next=/dev/null ;; esac
}

case ${PRE_COMMIT_RUNNING_LEGACY:+$0} in
*.legacy) { contox_avoid_loop; } 2>/dev/null ;;
esac
contox_stdin_read=
contox_capture "$@"
if [ -n "$contox_stdin_read" ] && [ -f "$contox_next" ] && [ -x "$contox_next" ]; then
	{ printf '%s' "$contox_stdin"; } 2>/dev/null | "$contox_next" "$@"
	exit $?
fi
