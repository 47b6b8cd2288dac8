/**
 * What a process in a jail may ask of the kernel, in two stages.
 *
 *   boot   in force before the process is executed: enough for Node to start, read its image, and lock itself
 *   lock   installed by the process itself, before it hears of any tenant: no file, no program, no further filter
 *
 * Both hold at once from then on, and the stricter answer wins. What is not named is refused with EPERM. From the lock on
 * a call that no correct program of ours ever makes ends the process with SIGSYS: someone broke out of V8, and it shows.
 *
 *   external   for whole programs that are not ours, from before they are executed: what programs do, but nothing that changes
 *              the machine, looks into others, makes namespaces, or reaches a network
 *
 * There, what stands in our table and is not allowed is refused with EPERM; what does not stand there, or cannot be judged, is
 * answered as by an older kernel.
 */
import { archs, syscalls } from "./syscalls.ts";

/** What the kernel does about a call. */
export type Verdict =
  | { readonly do: "allow" }
  | { readonly do: "refuse"; readonly errno: number }
  | { readonly do: "kill" };

/** A condition on one argument, counted from 0. `half`: only its low 32 bits count, as for every C `int`. */
export type Condition =
  | { readonly argument: number; readonly half: true; readonly isOneOf: readonly number[] }
  | { readonly argument: number; readonly half: true; readonly mask: number; readonly isOneOf: readonly number[] }
  | { readonly argument: number; readonly half: false; readonly isOneOf: readonly [0] };

export interface Rule {
  readonly syscalls: readonly string[];
  /** When it holds, or always. */
  readonly when?: Condition;
  readonly then: Verdict;
  /** When the condition does not hold. */
  readonly otherwise?: Verdict;
}

export interface Policy {
  readonly rules: readonly Rule[];
  readonly default: Verdict;
}

const errnos = { EPERM: 1, ENOTTY: 25, ENOSYS: 38, EAFNOSUPPORT: 97 } as const;
const allow: Verdict = { do: "allow" };
const kill: Verdict = { do: "kill" };
const refused = (errno: keyof typeof errnos): Verdict => ({ do: "refuse", errno: errnos[errno] });

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

const memory = words(
  "mmap mprotect munmap mremap madvise brk mincore mlock munlock mseal pkey_alloc pkey_free pkey_mprotect membarrier",
);
const threads = words(`
  futex futex_waitv futex_wait futex_wake set_robust_list get_robust_list set_tid_address rseq sched_yield
  sched_getaffinity sched_getparam sched_getscheduler sched_get_priority_max sched_get_priority_min
  exit exit_group restart_syscall wait4 waitid
`);
const clocks = words(`
  clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time getcpu times getrusage
  timerfd_create timerfd_settime timerfd_gettime
`);
const identity = words(`
  getpid gettid getppid getpgrp getpgid getsid getuid geteuid getgid getegid getresuid getresgid getgroups capget
  uname sysinfo getrandom getcwd getrlimit
`);
const signals = words(
  "rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigsuspend sigaltstack signalfd4",
);
const io = words(`
  read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek close close_range dup dup2 dup3
  poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd2 pipe pipe2
`);
/** On sockets that the process was given or accepted: it makes none, binds none, and connects none. */
const sockets = words(
  "listen accept4 getsockname getpeername getsockopt setsockopt recvfrom recvmsg sendto sendmsg shutdown",
);
/** Of an open descriptor, without a path. */
const descriptorState = words("fstat fstatfs");
const files = words(`
  openat open stat lstat newfstatat statx access faccessat faccessat2 readlink readlinkat getdents64 statfs fadvise64 arch_prctl
`);
/** Answered as an older kernel would, so that libc and libuv fall back to what can be judged. */
const unknownToUs = words(`
  clone3 io_uring_setup io_uring_enter io_uring_register openat2
  landlock_create_ruleset landlock_add_rule landlock_restrict_self
`);
/** Never asked for by Node, V8 or libc in a cell that is up. */
const alarms = words(`
  ptrace process_vm_readv process_vm_writev pidfd_getfd kcmp bpf perf_event_open userfaultfd
  mount umount2 pivot_root chroot setns unshare open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr
  keyctl add_key request_key init_module finit_module delete_module kexec_load kexec_file_load
  reboot swapon swapoff acct settimeofday clock_settime sethostname open_by_handle_at iopl ioperm modify_ldt
`);

const fcntlCommands = { F_DUPFD: 0, F_GETFD: 1, F_SETFD: 2, F_GETFL: 3, F_SETFL: 4, F_DUPFD_CLOEXEC: 1030 };
const ioctlRequests = {
  TCGETS: 0x5401,
  TIOCGWINSZ: 0x5413,
  FIONREAD: 0x541b,
  FIONBIO: 0x5421,
  FIONCLEX: 0x5450,
  FIOCLEX: 0x5451,
};
const prctlOptions = {
  PR_GET_DUMPABLE: 3,
  PR_SET_DUMPABLE: 4,
  PR_SET_NAME: 15,
  PR_GET_NAME: 16,
  PR_GET_SECCOMP: 21,
  PR_CAPBSET_READ: 23,
  PR_SET_NO_NEW_PRIVS: 38,
  PR_GET_NO_NEW_PRIVS: 39,
  PR_SET_VMA: 0x53564d41,
};
const CLONE_THREAD = 0x10000;
/** Time, mount, cgroup, UTS, IPC, user, PID and network namespaces. */
const CLONE_NEW = 0x7e020080;

/** The whole of what is alike in both stages. */
function commonRules(ownPid: number): readonly Rule[] {
  const isOwn = { argument: 0, half: true, isOneOf: [ownPid] } as const;
  return [
    { syscalls: [...memory, ...threads, ...clocks, ...identity, ...signals, ...io, ...sockets], then: allow },
    { syscalls: descriptorState, then: allow },
    {
      syscalls: ["fcntl"],
      when: { argument: 1, half: true, isOneOf: Object.values(fcntlCommands) },
      then: allow,
    },
    {
      syscalls: ["ioctl"],
      when: { argument: 1, half: true, isOneOf: Object.values(ioctlRequests) },
      then: allow,
      otherwise: refused("ENOTTY"),
    },
    // A process may end itself, or stop a thread of its own: with any signal, but nobody else.
    { syscalls: ["kill", "tgkill"], when: isOwn, then: allow },
    // Reading a limit, not setting one.
    { syscalls: ["prlimit64"], when: { argument: 2, half: false, isOneOf: [0] }, then: allow },
    {
      syscalls: ["clone"],
      when: { argument: 0, half: true, mask: CLONE_THREAD | CLONE_NEW, isOneOf: [CLONE_THREAD] },
      then: allow,
    },
    { syscalls: unknownToUs, then: refused("ENOSYS") },
  ];
}

const prctlRule: Rule = {
  syscalls: ["prctl"],
  when: { argument: 0, half: true, isOneOf: Object.values(prctlOptions) },
  then: allow,
};

/** `ownPid`: the only process that may be signalled: as the process will see itself. */
export const bootPolicy = (ownPid: number): Policy => ({
  rules: [...commonRules(ownPid), { syscalls: [...files, "execve", "seccomp"], then: allow }, prctlRule],
  default: refused("EPERM"),
});

export const lockPolicy = (ownPid: number): Policy => ({
  rules: [...commonRules(ownPid), { syscalls: alarms, then: kill }, prctlRule],
  default: refused("EPERM"),
});

/** Files that the jail has, and lets it write; metadata, watches, copies between descriptors. */
const filesOfOthers = words(`
  chdir fchdir mkdir mkdirat rmdir creat link linkat symlink symlinkat unlink unlinkat rename renameat renameat2 umask
  chmod fchmod fchmodat chown fchown lchown fchownat truncate ftruncate fallocate fsync fdatasync sync syncfs sync_file_range
  msync flock getdents utime utimes utimensat futimesat readahead sendfile splice tee vmsplice copy_file_range memfd_create
  getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr
  inotify_init inotify_init1 inotify_add_watch inotify_rm_watch mlock2 mlockall munlockall
`);
/** Processes of its own, which all of this holds for too; timers that reach only itself. */
const processesOfOthers = words(`
  execve execveat fork vfork seccomp pause alarm getitimer setitimer
  timer_create timer_settime timer_gettime timer_getoverrun timer_delete
  getpriority ioprio_get sched_getattr sched_rr_get_interval signalfd eventfd
`);
const socketsOfOthers = words("accept connect bind sendmmsg recvmmsg");
/** What reaches other processes of the same user, where nothing but the filter stands between. */
const reachingOthers = words(`
  tkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_open pidfd_send_signal setsid setpgid
  setpriority ioprio_set sched_setparam sched_setscheduler sched_setattr
`);

const CLONE_PARENT = 0x8000;
const AF_UNIX = 1;
/** Into a terminal, or news of a descriptor to another process. */
const ioctlRefused = { TIOCSTI: 0x5412, TIOCLINUX: 0x541c, FIOSETOWN: 0x8901, SIOCSPGRP: 0x8902 };
const fcntlRefused = { F_SETOWN: 8, F_SETSIG: 10, F_SETOWN_EX: 15, F_NOTIFY: 1026 };
const prctlRefused = { PR_SET_SECUREBITS: 28, PR_SET_MM: 35, PR_SET_PTRACER: 0x59616d61 };
const PR_SET_PDEATHSIG = 1;

/**
 * `ownPid`: as the program will see itself, where it has no namespaces of its own: there it signals only itself, cannot leave
 * its process group, which is how all of it is ended, and makes no socket, since a path may lead to another's. In a namespace it
 * does to its own processes as it likes.
 */
export function externalPolicy(ownPid: number | undefined): Policy {
  const apart = ownPid === undefined;
  const always = [memory, threads, clocks, identity, signals, io, sockets, descriptorState, files];
  const more = [filesOfOthers, processesOfOthers, socketsOfOthers];
  const among = apart ? [["kill", "tgkill", "sched_setaffinity"], reachingOthers] : [];
  const free = [...always, ...more, ...among].flat();
  const anyBut = (name: string, argument: number, refusedOnes: readonly number[]): Rule => ({
    syscalls: [name],
    when: { argument, half: true, isOneOf: refusedOnes },
    then: refused("EPERM"),
    otherwise: allow,
  });
  const onlyFor = (names: readonly string[], argument: number, isOneOf: readonly number[]): Rule => ({
    syscalls: names,
    when: { argument, half: true, isOneOf },
    then: allow,
    otherwise: refused("EPERM"),
  });
  const judged: readonly Rule[] = [
    { syscalls: free, then: allow },
    anyBut("ioctl", 1, Object.values(ioctlRefused)),
    anyBut("fcntl", 1, Object.values(fcntlRefused)),
    anyBut("prctl", 0, [...Object.values(prctlRefused), ...(apart ? [] : [PR_SET_PDEATHSIG])]),
    ...(apart ? [] : [onlyFor(["kill"], 0, [0, ownPid]), onlyFor(["tgkill"], 0, [ownPid])]),
    ...(apart ? [] : [onlyFor(["sched_setaffinity"], 0, [0])]),
    // Its own limits, which it can only lower.
    onlyFor(["prlimit64"], 0, [0]),
    {
      syscalls: ["clone"],
      when: { argument: 0, half: true, mask: CLONE_NEW | CLONE_PARENT, isOneOf: [0] },
      then: allow,
      otherwise: refused("EPERM"),
    },
    {
      syscalls: apart ? ["socket", "socketpair"] : ["socketpair"],
      when: { argument: 0, half: true, isOneOf: [AF_UNIX] },
      then: allow,
      otherwise: refused("EAFNOSUPPORT"),
    },
    { syscalls: unknownToUs, then: refused("ENOSYS") },
  ];
  const named = new Set(judged.flatMap((rule) => rule.syscalls));
  const known = new Set(archs.flatMap((arch) => [...syscalls[arch].keys()]));
  return {
    rules: [...judged, { syscalls: [...known].filter((name) => !named.has(name)), then: refused("EPERM") }],
    default: refused("ENOSYS"),
  };
}
