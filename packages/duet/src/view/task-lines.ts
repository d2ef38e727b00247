import type { TaskState } from "@duet/engine";
import type { Colours } from "./colours.ts";
import { formatCount } from "./format.ts";
import type { TaskView } from "./run-state.ts";

const ORDER: readonly TaskState[] = ["failed", "cancelled", "running", "pending", "waiting", "finished"];

/** A step with very many tasks of its own shows the first of them. */
const MOST_ROOTS = 6;

/** The Ray tasks of a step as a tree: a line for each task of its own, and below it what those have started, by name. */
export function taskLines(tasks: ReadonlyMap<string, TaskView>, colours: Colours): readonly string[] {
  const roots = [...tasks.values()].filter((task) => task.parent === undefined || !tasks.has(task.parent));
  const lines = roots.slice(0, MOST_ROOTS).flatMap((root) => {
    const nested = byName(
      [...tasks.values()].filter((task) => task !== root && rootOf(task, tasks) === root),
    );
    return [
      `${root.name}  ${stateText(root.state, colours)}`,
      ...[...nested].map(([name, states]) => `  └ ${name}  ${countsText(states, colours)}`),
    ];
  });
  if (roots.length > MOST_ROOTS) {
    const rest = roots.slice(MOST_ROOTS).map((task) => task.state);
    lines.push(`… ${formatCount(rest.length)} more  ${countsText(rest, colours)}`);
  }
  return lines;
}

function rootOf(task: TaskView, tasks: ReadonlyMap<string, TaskView>): TaskView {
  let root = task;
  const seen = new Set<string>();
  while (root.parent !== undefined && !seen.has(root.id)) {
    seen.add(root.id);
    const parent = tasks.get(root.parent);
    if (parent === undefined) break;
    root = parent;
  }
  return root;
}

function byName(tasks: readonly TaskView[]): ReadonlyMap<string, readonly TaskState[]> {
  const groups = new Map<string, TaskState[]>();
  for (const task of tasks) {
    const states = groups.get(task.name);
    if (states === undefined) groups.set(task.name, [task.state]);
    else states.push(task.state);
  }
  return groups;
}

function countsText(states: readonly TaskState[], colours: Colours): string {
  return ORDER.flatMap((state) => {
    const count = states.filter((other) => other === state).length;
    return count === 0 ? [] : [`${formatCount(count)} ${stateText(state, colours)}`];
  }).join(", ");
}

function stateText(state: TaskState, colours: Colours): string {
  switch (state) {
    case "running":
      return colours.cyan(state);
    case "finished":
      return colours.green(state);
    case "failed":
      return colours.red(state);
    case "cancelled":
    case "pending":
    case "waiting":
      return colours.dim(state);
  }
}
