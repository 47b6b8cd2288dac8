/** Trees for people, drawn with lines. */
import type { Paint } from "./paint.ts";

export interface Branch {
  readonly text: string;
  readonly branches: readonly Branch[];
}

export function renderTree(root: Branch, paint: Paint): string {
  return [root.text, ...below(root, "", paint)].join("\n");
}

function below(branch: Branch, indent: string, paint: Paint): readonly string[] {
  return branch.branches.flatMap((child, at) => {
    const isLast = at === branch.branches.length - 1;
    return [
      `${paint.dim(`${indent}${isLast ? "└─" : "├─"}`)} ${child.text}`,
      ...below(child, `${indent}${isLast ? "   " : "│  "}`, paint),
    ];
  });
}
