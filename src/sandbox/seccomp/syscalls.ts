/**
 * Numbers of Linux's system calls, by architecture: name, x86_64, aarch64 (`-`: the architecture has none of this name).
 * From the kernel's own tables (arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h); numbers never
 * change once given.
 */

export const archs = ["x64", "arm64"] as const;
export type Arch = (typeof archs)[number];

const table = `
read 0 63
write 1 64
readv 19 65
writev 20 66
pread64 17 67
pwrite64 18 68
preadv 295 69
pwritev 296 70
preadv2 327 286
pwritev2 328 287
lseek 8 62
close 3 57
close_range 436 436
dup 32 23
dup2 33 -
dup3 292 24
fcntl 72 25
poll 7 -
ppoll 271 73
select 23 -
pselect6 270 72
epoll_create 213 -
epoll_create1 291 20
epoll_ctl 233 21
epoll_wait 232 -
epoll_pwait 281 22
epoll_pwait2 441 441
eventfd2 290 19
pipe 22 -
pipe2 293 59
ioctl 16 29
mmap 9 222
mprotect 10 226
munmap 11 215
mremap 25 216
madvise 28 233
brk 12 214
mincore 27 232
mlock 149 228
munlock 150 229
mseal 462 462
pkey_alloc 330 289
pkey_free 331 290
pkey_mprotect 329 288
membarrier 324 283
futex 202 98
futex_waitv 449 449
futex_wake 454 454
futex_wait 455 455
set_robust_list 273 99
get_robust_list 274 100
set_tid_address 218 96
rseq 334 293
sched_yield 24 124
sched_getaffinity 204 123
sched_getparam 143 121
sched_getscheduler 145 120
sched_get_priority_max 146 125
sched_get_priority_min 147 126
clock_gettime 228 113
clock_getres 229 114
clock_nanosleep 230 115
nanosleep 35 101
gettimeofday 96 169
time 201 -
getcpu 309 168
times 100 153
getrusage 98 165
timerfd_create 283 85
timerfd_settime 286 86
timerfd_gettime 287 87
getpid 39 172
gettid 186 178
getppid 110 173
getpgrp 111 -
getpgid 121 155
getsid 124 156
getuid 102 174
geteuid 107 175
getgid 104 176
getegid 108 177
getresuid 118 148
getresgid 120 150
getgroups 115 158
capget 125 90
uname 63 160
sysinfo 99 179
getrandom 318 278
getcwd 79 17
rt_sigaction 13 134
rt_sigprocmask 14 135
rt_sigreturn 15 139
rt_sigpending 127 136
rt_sigtimedwait 128 137
rt_sigsuspend 130 133
sigaltstack 131 132
tgkill 234 131
kill 62 129
restart_syscall 219 128
exit 60 93
exit_group 231 94
wait4 61 260
waitid 247 95
signalfd4 289 74
listen 50 201
accept4 288 242
getsockname 51 204
getpeername 52 205
getsockopt 55 209
setsockopt 54 208
recvfrom 45 207
recvmsg 47 212
sendto 44 206
sendmsg 46 211
shutdown 48 210
openat 257 56
open 2 -
stat 4 -
fstat 5 80
lstat 6 -
newfstatat 262 79
statx 332 291
access 21 -
faccessat 269 48
faccessat2 439 439
readlink 89 -
readlinkat 267 78
getdents64 217 61
statfs 137 43
fstatfs 138 44
fadvise64 221 223
execve 59 221
arch_prctl 158 -
prctl 157 167
prlimit64 302 261
getrlimit 97 163
clone 56 220
clone3 435 435
seccomp 317 277
io_uring_setup 425 425
io_uring_enter 426 426
io_uring_register 427 427
openat2 437 437
landlock_create_ruleset 444 444
landlock_add_rule 445 445
landlock_restrict_self 446 446
socket 41 198
connect 42 203
bind 49 200
socketpair 53 199
fork 57 -
vfork 58 -
execveat 322 281
ptrace 101 117
mount 165 40
umount2 166 39
pivot_root 155 41
chroot 161 51
setns 308 268
unshare 272 97
bpf 321 280
perf_event_open 298 241
userfaultfd 323 282
keyctl 250 219
add_key 248 217
request_key 249 218
memfd_create 319 279
process_vm_readv 310 270
process_vm_writev 311 271
pidfd_open 434 434
pidfd_getfd 438 438
pidfd_send_signal 424 424
kcmp 312 272
init_module 175 105
finit_module 313 273
delete_module 176 106
kexec_load 246 104
kexec_file_load 320 294
reboot 169 142
swapon 167 224
swapoff 168 225
acct 163 89
settimeofday 164 170
clock_settime 227 112
sethostname 170 161
name_to_handle_at 303 264
open_by_handle_at 304 265
iopl 172 -
ioperm 173 -
modify_ldt 154 -
open_tree 428 428
move_mount 429 429
fsopen 430 430
fsconfig 431 431
fsmount 432 432
fspick 433 433
mount_setattr 442 442
syslog 103 116
unlinkat 263 35
mkdirat 258 34
renameat2 316 276
linkat 265 37
symlinkat 266 36
setuid 105 146
setgid 106 144
setgroups 116 159
tkill 200 130
rt_sigqueueinfo 129 138
rt_tgsigqueueinfo 297 240
`;

type Numbers = Readonly<Record<Arch, ReadonlyMap<string, number>>>;

function parseTable(): Numbers {
  const x64 = new Map<string, number>();
  const arm64 = new Map<string, number>();
  for (const line of table.trim().split("\n")) {
    const [name = "", onX64 = "-", onArm64 = "-"] = line.split(" ");
    if (onX64 !== "-") x64.set(name, Number(onX64));
    if (onArm64 !== "-") arm64.set(name, Number(onArm64));
  }
  return { x64, arm64 };
}

/** By architecture, then by name. */
export const syscalls: Numbers = parseTable();

/** As `struct seccomp_data.arch` says it (linux/audit.h). */
export const auditArchs: Readonly<Record<Arch, number>> = { x64: 0xc000003e, arm64: 0xc00000b7 };
