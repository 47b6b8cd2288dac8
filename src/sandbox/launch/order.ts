/** What the launcher is told, as JSON in its one argument. Written by init alone: it is trusted. */
export interface LaunchOrder {
  /** Of the process that must be our parent: if it is another, the real one has died. */
  readonly parent: number;
  /** Files to write "0" to, which moves the process into a cgroup. */
  readonly cgroups: readonly string[];
  /** Becomes `/`; needs root. */
  readonly root?: string;
  /** A user and group of its own; needs root. */
  readonly user?: number;
  /** All that may be read or executed, by Landlock. */
  readonly readable: readonly string[];
  readonly folder: string;
  /** The boot filter's program. */
  readonly filter: string;
  /** Number in it that stands for the process's own. */
  readonly pidPlaceholder: number;
  readonly openFilesMax: number;
  /** Descriptors up to this one are the program's. */
  readonly lastDescriptor: number;
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Say on stdout what was put in force. */
  readonly report: boolean;
}

/** What became of one step. */
export interface LaunchStep {
  readonly step: "user" | "root" | "namespaces" | "capabilities" | "limits" | "landlock" | "filter";
  readonly done: boolean;
}
