"""Walks through a module's syntax tree: fills its scopes with names, and gives the nodes that may use Spark."""

from __future__ import annotations

import ast

from duet.script.analysis.kinds import (
    OTHER,
    UNKNOWN,
    Imported,
    Instance,
    Kind,
    LocalModule,
    UserClass,
    UserFunction,
)
from duet.script.analysis.scopes import Module, Scope, joined, returned

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Use:
    """A node that may use an engine, the scope that it stands in, and whether it is there for the type checker only,
    or an import whose failure the script catches.
    """

    def __init__(self, node: ast.AST, scope: Scope, unread: bool, guarded: bool) -> None:
        self.node = node
        self.scope = scope
        self.unread = unread
        self.guarded = guarded
        self.line: int = getattr(node, "lineno", 0)
        self.is_import = isinstance(node, (ast.Import, ast.ImportFrom))


def read_names(module: Module) -> list[Use]:
    """Fills the module's scopes, and gives the uses from top to bottom.

    A stack instead of recursion: a tree may be deeper than Python can follow.
    """
    uses: list[Use] = []
    stack: list[tuple[ast.AST, Scope, bool, bool]] = [(module.tree, module.scope, False, False)]
    while stack:
        node, scope, unread, guarded = stack.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.Attribute, ast.Call)):
            uses.append(Use(node, scope, unread, guarded))
        _bind(node, scope, unread)
        inner = _inner_scope(node, scope)
        for child in ast.iter_child_nodes(node):
            outside = inner is scope or _stands_outside(node, child)
            stack.append(
                (
                    child,
                    scope if outside else inner,
                    unread or (isinstance(node, ast.If) and child in node.body and _is_for_types(node.test)),
                    guarded or (isinstance(node, ast.Try) and child in node.body and _catches_imports(node)),
                )
            )
    return sorted(uses, key=lambda use: use.line)


def _inner_scope(node: ast.AST, scope: Scope) -> Scope:
    """The scope of what stands in a node."""
    if not isinstance(node, (*_SCOPES, *_COMPREHENSIONS)):
        return scope
    inner = Scope(scope.module, scope, node)
    scope.module.inner[node] = inner
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and isinstance(scope.of, ast.ClassDef):
        inner.class_scope = scope
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        _bind_parameters(node, inner)
    return inner


def _stands_outside(node: ast.AST, child: ast.AST) -> bool:
    """Whether a child of a scope's node belongs to the scope around it: decorators, defaults, bases, annotations."""
    if isinstance(node, ast.ClassDef):
        return child in node.bases or child in node.decorator_list or child in node.keywords
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return child is node.args or child is node.returns or child in node.decorator_list
    return isinstance(node, ast.Lambda) and child is node.args


def _bind(node: ast.AST, scope: Scope, unread: bool) -> None:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            _bind_target(target, lambda: scope.kind(node.value), scope, node.value)
    elif isinstance(node, ast.AnnAssign):
        _bind_target(node.target, lambda: _annotated_value(node, scope), scope)
    elif isinstance(node, ast.NamedExpr):
        _bind_target(node.target, lambda: scope.kind(node.value), scope)
    elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
        _bind_target(node.target, lambda: _item_of(node.iter, scope), scope)
    elif isinstance(node, (ast.With, ast.AsyncWith)):
        for item in node.items:
            if item.optional_vars is not None:
                _bind_target(item.optional_vars, _value_of(item.context_expr, scope), scope)
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        scope.bind(node.name, lambda: _function(node, scope))
    elif isinstance(node, ast.ClassDef):
        known = UserClass(node, scope)
        scope.bind(node.name, lambda: known)
    elif isinstance(node, ast.ExceptHandler):
        if node.name is not None:
            scope.bind(node.name, lambda: OTHER)
    elif isinstance(node, (ast.Global, ast.Nonlocal)):
        scope.outer.update(node.names)
    elif isinstance(node, ast.Import):
        for alias in node.names:
            _bind_import(alias, scope, unread)
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            scope.bind(alias.asname or alias.name, _imported_name(node, alias.name, scope, unread))
    elif isinstance(node, ast.Return):
        scope.returns.append(node.value)
    elif isinstance(node, (ast.Yield, ast.YieldFrom)):
        scope.is_generator = True
    elif isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name is not None:
        scope.bind(node.name, lambda: UNKNOWN)


def _bind_target(
    target: ast.expr, value: Callable[[], Kind], scope: Scope, source: ast.expr | None = None
) -> None:
    if isinstance(target, ast.Name):
        scope.bind(target.id, value)
    elif isinstance(target, ast.Starred):
        _bind_target(target.value, lambda: OTHER, scope)
    elif isinstance(target, (ast.Tuple, ast.List)):
        matching = isinstance(source, (ast.Tuple, ast.List)) and len(source.elts) == len(target.elts)
        for index, part in enumerate(target.elts):
            if matching:
                _bind_target(part, _value_of(source.elts[index], scope), scope, source.elts[index])  # type: ignore[union-attr]
            else:
                _bind_target(part, lambda: _part_of(value()), scope)
    elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
        method = scope
        while method.class_scope is None and method.parent is not None:
            method = method.parent
        if method.class_scope is not None and target.value.id == _first_parameter(method):
            method.class_scope.bind(target.attr, value)


def _value_of(node: ast.expr, scope: Scope) -> Callable[[], Kind]:
    return lambda: scope.kind(node)


def _part_of(whole: Kind) -> Kind:
    """What a part of a value is: of numbers and of foreign objects nothing of Spark's."""
    return OTHER if whole is OTHER else UNKNOWN


def _item_of(iterable: ast.expr, scope: Scope) -> Kind:
    """What a loop over an expression binds."""
    if isinstance(iterable, (ast.List, ast.Tuple, ast.Set)):
        return joined(scope.kind(element) for element in iterable.elts)
    if isinstance(iterable, (ast.Constant, ast.JoinedStr)):
        return OTHER
    if isinstance(iterable, ast.Call):
        return _part_of(scope.kind(iterable))
    return UNKNOWN


def _annotated_value(node: ast.AnnAssign, scope: Scope) -> Kind:
    kind = scope.annotation(node.annotation)
    return scope.kind(node.value) if kind is UNKNOWN and node.value is not None else kind


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> Kind:
    """A property is what it gives; a decorated function may be anything."""
    names = {decorator.id for decorator in node.decorator_list if isinstance(decorator, ast.Name)}
    return returned(node, scope) if names & {"property", "cached_property"} else UserFunction(node, scope)


def _bind_parameters(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope) -> None:
    outer = scope.parent or scope
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    for index, argument in enumerate([*positional, *arguments.kwonlyargs]):
        if index == 0 and scope.class_scope is not None and positional:
            scope.bind(argument.arg, _receiver(node, scope))
        elif argument.annotation is not None:
            scope.bind(argument.arg, _annotation_of(argument.annotation, outer))
        else:
            scope.bind(argument.arg, lambda: UNKNOWN)
    for rest in (arguments.vararg, arguments.kwarg):
        if rest is not None:
            scope.bind(rest.arg, lambda: UNKNOWN)


def _annotation_of(node: ast.expr, scope: Scope) -> Callable[[], Kind]:
    return lambda: scope.annotation(node)


def _receiver(node: ast.AST, scope: Scope) -> Callable[[], Kind]:
    """What `self` is."""
    names = {each.id for each in getattr(node, "decorator_list", ()) if isinstance(each, ast.Name)}
    if "staticmethod" in names or scope.class_scope is None:
        return lambda: UNKNOWN
    owner = scope.class_scope
    of = UserClass(owner.of, owner.parent or owner)  # type: ignore[arg-type]
    kind = of if "classmethod" in names else Instance(of)
    return lambda: kind


def _first_parameter(method: Scope) -> str | None:
    node = method.of
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return None
    positional = [*node.args.posonlyargs, *node.args.args]
    return positional[0].arg if positional else None


def _bind_import(alias: ast.alias, scope: Scope, unread: bool) -> None:
    first = alias.name if alias.asname else alias.name.partition(".")[0]
    scope.bind(alias.asname or first, lambda: _module_kind(scope.module, 0, first, unread))


def _imported_name(node: ast.ImportFrom, name: str, scope: Scope, unread: bool) -> Callable[[], Kind]:
    def find() -> Kind:
        module = scope.module
        base = node.module or ""
        if not unread:
            inner = module.resolve(node.level, f"{base}.{name}" if base else name)
            if inner is not None:
                return LocalModule(inner)
            source = module.resolve(node.level, base)
            if source is not None:
                return source.scope.lookup(name) if name in source.scope.bindings else UNKNOWN
        return UNKNOWN if node.level else Imported(f"{base}.{name}")

    return find


def _module_kind(module: Module, level: int, name: str, unread: bool) -> Kind:
    local = None if unread else module.resolve(level, name)
    return Imported(name) if local is None else LocalModule(local)


def _is_for_types(test: ast.expr) -> bool:
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def _catches_imports(node: ast.Try) -> bool:
    """Whether the script goes on when an import in it fails."""
    caught: list[ast.expr | None] = []
    for handler in node.handlers:
        caught.extend(handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type])
    names = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
    return any(kind is None or (isinstance(kind, ast.Name) and kind.id in names) for kind in caught)


def imported_names(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, ast.alias]]:
    """The dotted names that a statement imports from other places than the script's own."""
    for alias in node.names:
        if isinstance(node, ast.Import):
            yield alias.name, alias
        elif node.level == 0:
            yield f"{node.module}.{alias.name}", alias
