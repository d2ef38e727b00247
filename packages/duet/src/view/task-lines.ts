import type { TaskState } from "@duet/engine";
import type { Colours } from "./colours.ts";
import { formatCount } from "./format.ts";
import type { TaskView } from "./run-state.ts";

const ORDER: readonly TaskState[] = ["failed", "cancelled", "running", "pending", "waiting", "finished"];

/** A step with very many kinds of tasks of its own shows the first of them. */
const MOST_GROUPS = 6;

/** The tasks of a step's own that have one name, and what they have started, by name. */
interface TaskGroup {
  readonly own: TaskState[];
  readonly nested: Map<string, TaskState[]>;
}

/**
 * The Ray tasks of a step as a tree: a line for each name among its own tasks, with its state or how many are in which,
 * and below it what those have started, by name.
 */
export function taskLines(tasks: ReadonlyMap<string, TaskView>, colours: Colours): readonly string[] {
  const groups = new Map<string, TaskGroup>();
  for (const task of tasks.values()) {
    const root = rootOf(task, tasks);
    const group = groups.get(root.name) ?? { own: [], nested: new Map<string, TaskState[]>() };
    groups.set(root.name, group);
    if (task === root) group.own.push(task.state);
    else {
      const states = group.nested.get(task.name);
      if (states === undefined) group.nested.set(task.name, [task.state]);
      else states.push(task.state);
    }
  }
  const lines = [...groups]
    .slice(0, MOST_GROUPS)
    .flatMap(([name, { own, nested }]) => [
      `${name}  ${own.length === 1 ? stateText(own[0] ?? "waiting", colours) : countsText(own, colours)}`,
      ...[...nested].map(([inner, states]) => `  └ ${inner}  ${countsText(states, colours)}`),
    ]);
  const rest = [...groups.values()].slice(MOST_GROUPS).flatMap(({ own }) => own);
  if (rest.length > 0) lines.push(`… ${formatCount(rest.length)} more  ${countsText(rest, colours)}`);
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
