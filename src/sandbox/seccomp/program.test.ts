import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { runFilter } from "./machine.testing.ts";
import { bootPolicy, externalPolicy, lockPolicy, type Policy } from "./policy.ts";
import { actions, makeInstructions, makeProgram } from "./program.ts";
import { type Arch, archs, auditArchs, syscalls } from "./syscalls.ts";

const EPERM = actions.refuse | 1;
const ENOTTY = actions.refuse | 25;
const ENOSYS = actions.refuse | 38;
const EAFNOSUPPORT = actions.refuse | 97;
const ownPid = 4_711;
/** A program that is not ours, in namespaces of its own and without. */
const externals = [externalPolicy(undefined), externalPolicy(ownPid)];
const policies = [bootPolicy(ownPid), lockPolicy(ownPid), ...externals];

type Ask = (name: string, ...args: readonly (number | bigint)[]) => number | undefined;

/** How a policy judges a call on an architecture; undefined if the architecture has no such call. */
function askOf(policy: Policy, arch: Arch): Ask {
  const program = makeProgram(policy, arch);
  return (name, ...args) => {
    const number = syscalls[arch].get(name);
    if (number === undefined) return undefined;
    return runFilter(program, { number, arch: auditArchs[arch], arguments: args.map(BigInt) });
  };
}

for (const arch of archs) {
  const boot = askOf(bootPolicy(ownPid), arch);
  const lock = askOf(lockPolicy(ownPid), arch);
  const all = [boot, lock];
  const holds = (ask: Ask, names: string, verdict: number): void => {
    for (const name of names.split(" ")) {
      const found = ask(name);
      if (found !== undefined) assert.equal(found, verdict, `${name} on ${arch}`);
    }
  };

  test(`${arch}: memory, threads, clocks and given descriptors are free in both stages`, () => {
    for (const ask of all) {
      holds(
        ask,
        "mmap mprotect munmap futex clock_gettime nanosleep read write writev close epoll_wait",
        actions.allow,
      );
      holds(ask, "epoll_pwait accept4 sendmsg recvmsg getrandom rt_sigaction exit_group fstat", actions.allow);
    }
  });

  test(`${arch}: the boot stage reads files and executes; the lock does neither`, () => {
    holds(boot, "openat open stat lstat readlinkat getdents64 execve seccomp", actions.allow);
    holds(lock, "openat open stat lstat newfstatat statx readlinkat getdents64 execve seccomp execveat", EPERM);
  });

  test(`${arch}: no socket is made, bound or connected, and no process is made`, () => {
    for (const ask of all) holds(ask, "socket connect bind socketpair fork vfork execveat memfd_create setuid", EPERM);
  });

  test(`${arch}: what can change the machine or look into others is refused at boot, and ends the process from the lock on`, () => {
    const calls =
      "ptrace process_vm_readv mount umount2 pivot_root setns unshare bpf perf_event_open userfaultfd keyctl";
    holds(boot, calls, EPERM);
    holds(lock, calls, actions.kill);
  });

  test(`${arch}: what filters cannot look into is answered as by an older kernel`, () => {
    for (const ask of all) holds(ask, "clone3 io_uring_setup io_uring_enter openat2 landlock_restrict_self", ENOSYS);
  });

  test(`${arch}: clone makes threads, never processes or namespaces`, () => {
    for (const ask of all) {
      const threadFlags = 0x3d0f00;
      assert.equal(ask("clone", threadFlags), actions.allow);
      assert.equal(ask("clone", 0x11), EPERM, "fork by another name");
      for (const space of [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000, 0x80]) {
        assert.equal(ask("clone", threadFlags | space), EPERM, space.toString(16));
      }
    }
  });

  test(`${arch}: a process signals itself and nobody else`, () => {
    for (const ask of all) {
      for (const name of ["kill", "tgkill"]) {
        assert.equal(ask(name, ownPid, 9), actions.allow);
        for (const other of [0, 1, -1, -ownPid, ownPid + 1]) assert.equal(ask(name, other, 9), EPERM);
      }
      holds(ask, "tkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_send_signal pidfd_open", EPERM);
    }
  });

  test(`${arch}: limits are read, not set: both halves of the pointer count`, () => {
    for (const ask of all) {
      assert.equal(ask("prlimit64", 0, 7, 0n), actions.allow);
      assert.equal(ask("prlimit64", 0, 7, 0x1000n), EPERM);
      assert.equal(ask("prlimit64", 0, 7, 0x100000000n), EPERM);
    }
  });

  test(`${arch}: ioctl and fcntl only do what libuv needs`, () => {
    for (const ask of all) {
      assert.equal(ask("ioctl", 0, 0x5421), actions.allow);
      assert.equal(ask("ioctl", 0, 0x5412), ENOTTY, "TIOCSTI types into a terminal");
      assert.equal(ask("ioctl", 0, 0x541c), ENOTTY, "TIOCLINUX as well");
      assert.equal(ask("fcntl", 3, 4), actions.allow);
      assert.equal(ask("fcntl", 3, 8), EPERM, "F_SETOWN sends signals");
      assert.equal(ask("prctl", 38), actions.allow);
      assert.equal(ask("prctl", 22), EPERM);
    }
  });

  test(`${arch}: another architecture's calls end the process`, () => {
    for (const policy of policies) {
      const program = makeProgram(policy, arch);
      for (const foreign of [0x40000003, 0x40000028, ...archs.filter((a) => a !== arch).map((a) => auditArchs[a])]) {
        assert.equal(runFilter(program, { number: 0, arch: foreign }), actions.kill);
      }
    }
  });

  test(`${arch}: every number is judged as the rules say, whatever search finds it`, () => {
    for (const policy of policies) {
      const program = makeProgram(policy, arch);
      const unconditional = new Map(
        policy.rules.flatMap((rule) =>
          rule.when === undefined ? rule.syscalls.map((name) => [syscalls[arch].get(name), rule.then] as const) : [],
        ),
      );
      const conditional = new Set(
        policy.rules.flatMap((rule) =>
          rule.when === undefined ? [] : rule.syscalls.map((name) => syscalls[arch].get(name)),
        ),
      );
      for (let number = 0; number < 600; number++) {
        if (conditional.has(number)) continue;
        const verdict = unconditional.get(number) ?? policy.default;
        const expected =
          verdict.do === "allow"
            ? actions.allow
            : verdict.do === "kill"
              ? actions.kill
              : actions.refuse | verdict.errno;
        assert.equal(runFilter(program, { number, arch: auditArchs[arch] }) | 0, expected | 0, `number ${number}`);
      }
    }
  });

  test(`${arch}: whatever is asked, the program ends in a verdict and allows nothing unnamed`, () => {
    const program = makeProgram(lockPolicy(ownPid), arch);
    const named = new Set(syscalls[arch].values());
    fc.assert(
      fc.property(
        fc.integer(),
        fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { maxLength: 6 }),
        (number, args) => {
          const verdict = runFilter(program, { number, arch: auditArchs[arch], arguments: args });
          if (!named.has(number)) assert.notEqual(verdict, actions.allow);
        },
      ),
    );
  });

  const external = externals.map((policy) => askOf(policy, arch));
  const [apart, beside] = [askOf(externalPolicy(undefined), arch), askOf(externalPolicy(ownPid), arch)];

  test(`${arch}: a program that is not ours reads, writes, forks, executes and waits`, () => {
    for (const ask of external) {
      holds(ask, "read write openat mkdirat unlinkat renameat2 ftruncate fsync getdents64 chdir umask", actions.allow);
      holds(
        ask,
        "execve fork vfork wait4 rt_sigaction futex mmap memfd_create inotify_init1 timer_create",
        actions.allow,
      );
      assert.equal(ask("clone", 0x11), actions.allow, "fork by another name");
      assert.equal(ask("clone", 0x3d0f00), actions.allow, "a thread");
      assert.equal(ask("prctl", 15), actions.allow);
      assert.equal(ask("ioctl", 0, 0x5401), actions.allow);
      assert.equal(ask("fcntl", 3, 4), actions.allow);
      assert.equal(ask("prlimit64", 0, 7, 0x1000n), actions.allow, "a limit of its own");
    }
  });

  test(`${arch}: it makes no namespace, changes no machine, looks into nobody, and reaches no network`, () => {
    const calls =
      "ptrace process_vm_readv mount umount2 pivot_root chroot setns unshare bpf perf_event_open userfaultfd keyctl " +
      "init_module kexec_load reboot swapon settimeofday open_by_handle_at pidfd_getfd kcmp setuid setresuid mknodat " +
      "quotactl fanotify_init memfd_secret personality syslog acct";
    for (const ask of external) {
      holds(ask, calls, EPERM);
      for (const space of [
        0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000, 0x80, 0x8000,
      ]) {
        assert.equal(ask("clone", 0x11 | space), EPERM, space.toString(16));
      }
      for (const family of [0, 2, 10, 16, 17, 40]) {
        assert.notEqual(ask("socket", family, 1, 0), actions.allow);
        assert.equal(ask("socketpair", family, 1, 0), EAFNOSUPPORT);
      }
      for (const request of [0x5412, 0x541c, 0x8901, 0x8902]) assert.equal(ask("ioctl", 0, request), EPERM);
      for (const command of [8, 10, 15, 1026]) assert.equal(ask("fcntl", 3, command, 1), EPERM);
      assert.equal(ask("prlimit64", 1, 7, 0x1000n), EPERM, "another's limit");
      holds(ask, "clone3 io_uring_setup openat2 landlock_create_ruleset", ENOSYS);
    }
  });

  test(`${arch}: in namespaces of its own it does to its own processes as it likes; beside others it reaches only itself`, () => {
    assert.equal(apart("socket", 1, 1, 0), actions.allow);
    holds(apart, "kill tgkill tkill setsid setpgid setpriority sched_setaffinity pidfd_open", actions.allow);
    assert.equal(apart("prctl", 1, 9), actions.allow);

    assert.equal(beside("socket", 1, 1, 0), EPERM, "a path may lead to another's socket");
    holds(beside, "tkill rt_sigqueueinfo setsid setpgid setpriority sched_setscheduler pidfd_open", EPERM);
    for (const own of [0, ownPid]) assert.equal(beside("kill", own, 9), actions.allow);
    for (const other of [1, -1, -ownPid, ownPid + 1]) assert.equal(beside("kill", other, 9), EPERM);
    assert.equal(beside("tgkill", ownPid + 1, 1, 9), EPERM);
    assert.equal(beside("sched_setaffinity", 0, 8), actions.allow);
    assert.equal(beside("sched_setaffinity", 1, 8), EPERM);
    assert.equal(beside("prctl", 1, 0), EPERM, "it cannot outlive whoever started it");
  });

  test(`${arch}: to it, a call that is not known here is one that an older kernel does not have`, () => {
    const named = new Set(syscalls[arch].values());
    for (const policy of externals) {
      const program = makeProgram(policy, arch);
      for (let number = 0; number < 1_000; number++) {
        if (!named.has(number)) assert.equal(runFilter(program, { number, arch: auditArchs[arch] }), ENOSYS);
      }
    }
  });

  test(`${arch}: the programs are short`, () => {
    for (const policy of [bootPolicy(ownPid), lockPolicy(ownPid)]) {
      assert.ok(makeInstructions(policy, arch).length < 400);
    }
    for (const policy of externals) assert.ok(makeInstructions(policy, arch).length < 800);
  });
}

test("x64: the numbers of the x32 kind end the process", () => {
  const program = makeProgram(bootPolicy(ownPid), "x64");
  assert.equal(runFilter(program, { number: 0x40000000, arch: auditArchs.x64 }), actions.kill);
  assert.equal(runFilter(program, { number: 0x40000000 + 257, arch: auditArchs.x64 }), actions.kill);
});
