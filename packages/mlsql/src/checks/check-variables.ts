import type { SourceText } from "../source-text.ts";
import type { Span } from "../span.ts";
import type { SetStatement, Text } from "../statement.ts";
import { suggestName } from "../suggest.ts";
import { variableReferences } from "../variables.ts";
import { type LaterNames, lineFrom } from "./later-names.ts";
import type { Scope } from "./scope.ts";
import { spanInText } from "./text-span.ts";

/** Where a variable stands in a text, or the whole text if it stands in another variable's value. */
function placeOf(
  source: SourceText,
  text: Text,
  name: string,
): { readonly span: Span; readonly direct: boolean } {
  const reference = variableReferences(text.value).find((candidate) => candidate.name === name);
  if (!reference) return { span: text.span, direct: false };
  return { span: spanInText(source, text, reference.start, reference.end), direct: true };
}

function nearVariable(scope: Scope, name: string): string | undefined {
  return suggestName(name, [...scope.variables.names(), ...scope.dynamic]);
}

function reportTooEarly(scope: Scope, later: LaterNames, name: string, span: Span): boolean {
  const place = later.variables.get(name);
  if (!place) return false;
  scope.error(
    "variable-used-too-early",
    `the variable ${name} is set only later, on ${lineFrom(span, place)}`,
    span,
    {
      suggestion: "Move this statement behind it.",
    },
  );
  return true;
}

/** Reports variables in a path that nothing has set before. */
export function checkPath(scope: Scope, later: LaterNames, source: SourceText, path: Text): void {
  for (const name of scope.unknownVariables(path.value)) {
    const { span, direct } = placeOf(source, path, name);
    scope.blamedVariables.add(name);
    if (reportTooEarly(scope, later, name, span)) continue;
    const near = nearVariable(scope, name);
    const where = direct ? "" : ", which the value of another variable in this path names";
    scope.error("unknown-variable", `no variable is called ${name} here${where}`, span, {
      suggestion: near ? `Did you mean \`\${${near}}\`?` : `Set it before: set ${name}="…";`,
      ...(near && direct && { replacement: `\${${near}}` }),
    });
  }
}

/** Warns of variables in other texts that are nearly the name of one that is set; other unknown ones stay as written. */
export function warnOfMisspelled(scope: Scope, source: SourceText, text: Text): void {
  for (const { name, start, end } of variableReferences(text.value)) {
    if (!scope.unknownVariables(`\${${name}}`).includes(name)) continue;
    const near = nearVariable(scope, name);
    if (!near) continue;
    const span = spanInText(source, text, start, end);
    scope.warn(
      "unknown-variable",
      `no variable is called ${name} here, so \${${name}} stays as it is`,
      span,
      {
        suggestion: `Did you mean \`\${${near}}\`?`,
        replacement: `\${${near}}`,
      },
    );
  }
}

/** Reports a text that is the bare name of a variable, as in `load script.`name``, where there is none. */
export function checkVariableName(scope: Scope, later: LaterNames, text: Text): void {
  const name = scope.valueOf(text);
  if (name === undefined || scope.open || scope.hasVariable(name)) return;
  if (reportTooEarly(scope, later, name, text.span)) return;
  const near = nearVariable(scope, name);
  scope.error("unknown-variable", `no variable is called ${name} here`, text.span, {
    suggestion: near ? `Did you mean \`${near}\`?` : `Set it before: set ${name}='''…''';`,
    ...(near && { replacement: near }),
  });
}

/** Reports a `set` that closes a ring of variables. */
export function checkRing(scope: Scope, statement: SetStatement): void {
  const ring = scope.variables.ring(statement.key.value);
  if (!ring?.includes(statement.key.value)) return;
  scope.error(
    "variable-ring",
    `this variable's value leads back to itself: ${ring.join(" → ")}`,
    statement.value.span,
    {
      suggestion: "One of them needs a value of its own.",
    },
  );
}
