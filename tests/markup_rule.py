"""The rule that holds pages to `components.words`, read off their source.

What reaches a place that reads Markdown, or a text of Plotly's, is made of this program's own words, of numbers, and of what
went through the function for that place.
"""

import ast
import re

_TEXT_FIRST = (
    "error warning info success caption markdown write header subheader title toast badge expander popover button "
    "form_submit_button download_button link_button checkbox toggle radio selectbox multiselect slider select_slider "
    "number_input text_input text_area file_uploader segmented_control pills metric tabs spinner status data_editor "
    "NumberColumn TextColumn ProgressColumn Column"
).split()
_NO_WORDS_FIRST = ("data_editor",)
_TEXT_NAMED = ("label", "help", "text", "captions", "body", "delta")
_READS_OPTIONS = ("radio", "segmented_control", "pills", "select_slider")
_PLOTLY_NAMED = ("name", "hovertemplate", "hovertext", "text", "ticktext", "title", "subplot_titles", "labels")
_NUMBERS = re.compile(r"[+]?0?,?(\.\d+)?[dfge%]?")
# Attributes and keys that hold numbers, or a choice out of this program's own words.
_OWN = {
    "id": "of a decision, a run, a version",
    "number": "of a round",
    "n_seeds": "a number",
    "rounds": "a number",
    "parent": "a run's id",
    "parent_round": "a number",
    "cluster": "a number",
    "refers": "a decision's id",
    "update": "one of UPDATES",
    "action": "one of ACTIONS",
    "state": "one of a seed's STATES",
    "titles": "of a history: the start, and rounds by their number",
}
_SAFE_CALLS = {
    "as_markdown",
    "plain",
    "meaning",
    "counted",
    "duration",
    "rounded",
    "len",
    "digest",
    "range",
    "round",
    "int",
    "place",
}
_OTHERS_TOO = ("info", "write", "status")  # what the ledger and its kin are asked by the same name
_MAPPED = {"items", "values", "get", "keys", "lower", "replace", "join", "index", "at"}


class _Words:
    """Whether expressions of one module are made of own words."""

    def __init__(self, tree: ast.Module) -> None:
        self.functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        self.parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
        self.busy: set[int] = set()

    def safe(self, node: ast.AST | None) -> bool:
        if node is None or id(node) in self.busy:
            return True
        self.busy.add(id(node))
        try:
            return getattr(self, f"_{type(node).__name__.lower()}", lambda _: False)(node)
        finally:
            self.busy.discard(id(node))

    def _all(self, nodes) -> bool:
        return all(self.safe(node) for node in nodes)

    def _constant(self, node):
        return True

    def _joinedstr(self, node):
        return self._all(node.values)

    def _formattedvalue(self, node):
        spec = node.format_spec and "".join(v.value for v in node.format_spec.values if isinstance(v, ast.Constant))
        return bool(spec and _NUMBERS.fullmatch(spec)) or self.safe(node.value)

    def _binop(self, node):
        return not isinstance(node.op, ast.Add) or self._all((node.left, node.right))

    def _boolop(self, node):
        return self._all(node.values)

    def _compare(self, node):
        return True

    def _ifexp(self, node):
        return self._all((node.body, node.orelse))

    def _list(self, node):
        return self._all(node.elts)

    _tuple = _set = _list

    def _starred(self, node):
        return self.safe(node.value)

    def _dict(self, node):
        return self._all(node.values)

    def _listcomp(self, node):
        return self.safe(node.elt)

    _generatorexp = _setcomp = _listcomp

    def _dictcomp(self, node):
        return self.safe(node.value)

    def _lambda(self, node):
        return self.safe(node.body)

    def _subscript(self, node):
        return self.safe(node.value)

    def _attribute(self, node):
        return node.attr in _OWN or node.attr.isupper() or self.safe(node.value)

    def _call(self, node):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in _SAFE_CALLS:
            return True
        if called in self.functions and isinstance(node.func, ast.Name):
            returns = [n for n in ast.walk(self.functions[called]) if isinstance(n, ast.Return)]
            return self._all(n.value for n in returns)
        if called in _MAPPED and isinstance(node.func, ast.Attribute):
            return self.safe(node.func.value) and self._all(node.args[1:] if called == "get" else node.args)
        if called in ("zip", "enumerate", "list", "sorted", "next"):
            return self._all(node.args)
        return False

    def _name(self, node):
        if node.id.lstrip("_").isupper():
            return True
        scope = node
        while scope in self.parents:
            scope = self.parents[scope]
            if isinstance(scope, ast.GeneratorExp | ast.ListComp | ast.DictComp | ast.SetComp):
                for made in scope.generators:
                    if node.id in {n.id for n in ast.walk(made.target) if isinstance(n, ast.Name)}:
                        return self.safe(made.iter)
            if isinstance(scope, ast.Lambda) and node.id in {a.arg for a in scope.args.args}:
                return False
            if isinstance(scope, ast.FunctionDef | ast.Module) and (found := self._made_in(scope, node.id)):
                return self._all(found)
        return False

    def _made_in(self, scope, name) -> list[ast.AST]:
        found = []
        for node in ast.walk(scope):
            targets = (
                node.targets
                if isinstance(node, ast.Assign)
                else [node.target]
                if isinstance(node, ast.AnnAssign | ast.AugAssign | ast.For | ast.NamedExpr)
                else []
            )
            names = {n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)}
            if name in names:
                found.append(_part_for(scope, node, name))
        return found


def _part_for(tree: ast.AST, node: ast.AST, name: str) -> ast.AST:
    """The part of an assignment's value that goes to `name`, where both sides are tuples; else the whole value."""
    value = node.iter if isinstance(node, ast.For) else node.value
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    if not isinstance(target, ast.Tuple):
        return value
    place = next((i for i, one in enumerate(target.elts) if isinstance(one, ast.Name) and one.id == name), -1)
    if isinstance(value, ast.Call) and getattr(value.func, "attr", "") == "items":
        held = _literal(tree, value.func.value)
        if isinstance(held, ast.Dict):
            return ast.Tuple([held.keys, held.values][place])
    if isinstance(node, ast.For) and all(isinstance(each, ast.Tuple) for each in getattr(value, "elts", [value])):
        return ast.Tuple([each.elts[place] for each in value.elts])
    if isinstance(value, ast.Call) and getattr(value.func, "id", "") == "zip" and len(value.args) == len(target.elts):
        return value.args[place]
    if isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts):
        return value.elts[place]
    return value


def _literal(tree: ast.AST, node: ast.AST) -> ast.AST:
    """What a name was given, where it was given one thing only; else the node itself."""
    given = [
        n.value
        for n in ast.walk(tree)
        if isinstance(n, ast.Assign) and isinstance(node, ast.Name) and [ast.unparse(t) for t in n.targets] == [node.id]
    ]
    return given[0] if len(given) == 1 else node


def _texts(call: ast.Call, plotly: bool) -> list[ast.AST]:
    """The arguments of a call that are read as markup."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if plotly and name not in _TEXT_FIRST:
        return [k.value for k in call.keywords if k.arg in _PLOTLY_NAMED]
    if not isinstance(call.func, ast.Attribute) or (name in _OTHERS_TOO and getattr(call.func.value, "id", "") != "st"):
        return []
    named = [k.value for k in call.keywords if (k.arg in _TEXT_NAMED and name not in ("page_link",)) or k.arg == "help"]
    named += [k.value for k in call.keywords if k.arg == "label"]
    if name == "progress":
        return [*call.args[1:], *named]
    if name not in _TEXT_FIRST or name in _NO_WORDS_FIRST:
        return named if name in ("page_link", "data_editor", "dataframe") else []
    options = [k.value for k in call.keywords if k.arg == "format_func"] if name in _READS_OPTIONS else []
    return [*call.args[: 3 if name == "metric" else 1], *named, *options]


def unescaped(source: str, plotly: bool = False) -> list[str]:
    """The expressions of a module that bring foreign words where markup is read."""
    tree = ast.parse(source)
    words = _Words(tree)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [ast.unparse(text) for call in calls for text in _texts(call, plotly) if not words.safe(text)]
