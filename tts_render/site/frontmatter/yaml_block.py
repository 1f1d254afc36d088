"""YAML front matter: PyYAML's parser finds the values and their positions; only a value's own characters are replaced.

Parser events, not loaded values, are compared before and after: they keep the spelling and quotes of every scalar, so
equal events mean equal values for every YAML parser, whichever version of YAML it follows.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import yaml

from tts_render.ground.bounded import DEEPEST, LOADER, parse_yaml_events
from tts_render.ground.errors import PostError
from tts_render.ground.messages import said
from tts_render.site.frontmatter.block import Style, Written, freeze, lookup, same_name, write_key, write_value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tts_render.site.frontmatter.block import Source, Value
    from tts_render.site.presets import Key

__all__ = ["Node", "YamlBlock", "parse_yaml"]

_MOST_VALUES = 50_000  # with every alias expanded; a real post has a few dozen
_LONGEST_NUMBER = 1_000  # characters; parsing a base-60 number takes time that grows with the square of its length


@dataclass(frozen=True, slots=True)
class Node:
    """A parsed node; two are equal if they say the same in the same spelling, wherever they are."""

    kind: Literal["scalar", "alias", "sequence", "mapping"]
    start: int = field(compare=False)
    end: int = field(compare=False)
    """Offsets in the block, including tag and anchor. Mappings and sequences in block style end where the next thing
    begins."""
    value: str = ""
    """Text of a scalar, or what an alias refers to."""
    style: str = ""
    """Of a scalar: empty, ``'``, ``"``, ``|`` or ``>``; of a list or mapping: ``{`` if it is in brackets."""
    tag: str | None = None
    anchor: str | None = None
    children: tuple[Node, ...] = ()
    """Of a mapping: keys and values alternate."""


@dataclass(frozen=True, slots=True)
class YamlBlock:
    """Parsed YAML front matter."""

    source: Source
    data: Mapping[str, object]
    root: Node | None
    """None if the block contains only space and comments."""
    any_case: bool

    def find(self, key: Key) -> Written | None:
        """Return the value at ``key``, or None if the key is missing.

        Raises:
            PostError: the key occurs twice.
        """
        steps = self._steps(key)
        if len(steps) < len(key):
            return None
        return self._written(steps)

    def with_value(self, key: Key, value: Value) -> YamlBlock:
        """Return the block with ``value`` at ``key``, and without any other change.

        Raises:
            PostError: it cannot be done without changing anything else.
        """
        steps = self._steps(key)
        for node in self._path(steps):
            if node.anchor is not None:
                raise self.source.error(
                    said(
                        "{key} has the anchor &{anchor}: other keys may depend on it",
                        key=".".join(key),
                        anchor=node.anchor,
                    ),
                    node.start,
                    said("Write the value out wherever it is used, and remove the anchor."),
                )
        missing = key[len(steps) :]
        changed = self._inserted(steps, missing, value) if missing else self._replaced(steps, value)
        if (after := self._proved(changed, key, value, steps)) is None:
            raise self.source.error(
                said("{key} cannot be written without changing something else", key=".".join(key)),
                self._path(steps)[-1].start if self.root else 0,
                said(
                    "Write {key}: {value} there yourself.",
                    key=write_key(key[-1]),
                    value=write_value(value, None),
                ),
            )
        return after

    def _proved(self, changed: Source, key: Key, value: Value, steps: list[int]) -> YamlBlock | None:
        """Parse ``changed`` and return it if it has ``value`` at ``key`` and is otherwise as before; else None."""
        try:
            after = parse_yaml(changed, any_case=self.any_case)
            written = after.find(key)
        except PostError:
            return None
        if written is None or not written.says(value):
            return None
        leaf = Node("scalar", 0, 0, str(value), {"plain": "", "single": "'", "double": '"'}[written.style])
        return after if after.root == _put(self.root, steps, key[len(steps) :], leaf) else None

    def _steps(self, key: Key) -> list[int]:
        """For each name in ``key`` that exists: the index of its value among the mapping's children."""
        steps: list[int] = []
        node = self.root
        for name in key:
            if node is None or node.kind != "mapping":
                break
            found = [
                n + 1
                for n in range(0, len(node.children), 2)
                if node.children[n].kind == "scalar" and same_name(node.children[n].value, name, any_case=self.any_case)
            ]
            if not found:
                break
            if len(found) > 1:
                first, second = (self.source.line_at(node.children[n - 1].start) for n in found[:2])
                raise PostError(
                    said(
                        "{name} occurs twice, in line {first} and in line {second}",
                        name=name,
                        first=first,
                        second=second,
                    ),
                    path=self.source.path,
                    line=second,
                    remedy=said("Remove one of them."),
                )
            steps.append(found[0])
            node = node.children[found[0]]
        return steps

    def _path(self, steps: list[int]) -> list[Node]:
        """The root, and the value at each step."""
        nodes = [self.root] if self.root else []
        for step in steps:
            nodes.append(nodes[-1].children[step])
        return nodes

    def _written(self, steps: list[int]) -> Written:
        nodes = self._path(steps)
        keys = [parent.children[step - 1] for parent, step in zip(nodes, steps, strict=False)]
        node = nodes[-1]
        style: Style = "collection" if node.kind in ("sequence", "mapping") else _STYLES[node.style]
        return Written(
            text=self.source.text[node.start : node.end].rstrip(" \t\r\n"),
            value=lookup(self.data, tuple(key.value for key in keys)),
            style=style,
            line=self.source.line_at(keys[-1].start),
        )

    def _replaced(self, steps: list[int], value: Value) -> Source:
        node = self._path(steps)[-1]
        written = self._written(steps)
        if written.style in ("block", "collection"):
            kind = said("a multi-line text") if written.style == "block" else said("a list or a group of keys")
            raise self.source.error(
                said("a single value belongs here, not {kind}", kind=kind),
                node.start,
                said("Write {value} instead.", value=write_value(value, None)),
            )
        new = write_value(value, written)
        if node.start < node.end:
            return self.source.spliced(node.start, node.end, new)
        # The value is empty. Its position depends on the parser; it belongs right after the colon.
        colon = len(self.source.text[: node.start].rstrip())
        if self.source.text[colon - 1] != ":":
            raise self.source.error(said("a value is missing here"), node.start, said("Add a colon after the key."))
        return self.source.spliced(colon, colon, " " + new)

    def _inserted(self, steps: list[int], missing: Key, value: Value) -> Source:
        source = self.source
        if self.root is None:
            return source.spliced(len(source.text), len(source.text), _lines(missing, value, "", source.eol))
        nodes = self._path(steps)
        parent = nodes[-1]
        if parent.kind == "mapping" and parent.style == "{":
            return self._inserted_in_braces(parent, missing, value)
        if parent.kind == "mapping":
            indent = self._indent(parent.children[0])
            at = len(source.text) if parent is self.root else self._after(parent)
        elif parent == Node("scalar", 0, 0) and nodes[-2].style != "{":
            # ``episode:`` without a value: the group that the key belongs in is empty.
            indent = self._indent(nodes[-2].children[steps[-1] - 1]) + "  "
            at = source.line_end(parent.start)
        else:
            raise source.error(
                said(
                    "{value} is not a group of keys, so {missing} cannot be added",
                    value=nodes[-2].children[steps[-1] - 1].value,
                    missing=missing[0],
                ),
                parent.start,
                said("Write the group out, one key per line."),
            )
        return source.spliced(at, at, _lines(missing, value, indent, source.eol))

    def _inserted_in_braces(self, parent: Node, missing: Key, value: Value) -> Source:
        text = write_value(value, None)
        for name in reversed(missing[1:]):
            text = f"{{{write_key(name)}: {text}}}"
        text = f"{write_key(missing[0])}: {text}"
        if parent.children:
            last = parent.children[-1]
            at = last.end
            while last.start == last.end and self.source.text[at] == " ":
                at += 1  # before or after the space: the position of an empty value depends on the parser
            return self.source.spliced(at, at, f", {text}")
        at = self.source.text.index("{", parent.start) + 1
        return self.source.spliced(at, at, text)

    def _indent(self, key: Node) -> str:
        """What comes before the first key of a mapping in its line."""
        before = self.source.text[self.source.line_start(key.start) : key.start]
        indent = before.removesuffix("? ")
        if indent.strip(" "):
            raise self.source.error(
                said("a key cannot be added here"), key.start, said("Write the group out, one key per line.")
            )
        return indent

    def _after(self, node: Node) -> int:
        """Start of the line after the last line of ``node``."""
        while node.children and node.style != "{":
            node = node.children[-1]
        if node.style in ("|", ">"):
            return node.end  # it includes its last line break
        return self.source.line_end(node.end)


_STYLES: Mapping[str, Style] = {"": "plain", "'": "single", '"': "double", "|": "block", ">": "block"}


def parse_yaml(source: Source, *, any_case: bool = False) -> YamlBlock:
    """Parse a block of YAML.

    Raises:
        PostError: it is not valid YAML, not a mapping, or expands to more values than any post has.
    """
    try:
        root = _tree(source)
        if root is not None and root.kind != "mapping":
            raise source.error(
                said("the front matter is not a list of keys with values"),
                root.start,
                said("Write one key, colon and value per line."),
            )
        data = yaml.load(source.text, Loader=_Loader) if root else {}  # noqa: S506  # a safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        begun = error.context_mark if error.context and error.context.startswith("while scanning a quoted") else None
        message = said("the front matter is not valid YAML: {problem}", problem=error.problem)
        if begun:
            line = source.line_at(begun.index)
            message = said("{message}, in quotes that were opened in line {line}", message=message, line=line)
        raise source.error(
            message,
            mark.index if mark else 0,
            said("Look at the quotes, colons and indentation there."),
        ) from error
    except yaml.YAMLError as error:
        found = yaml.reader.Reader.NON_PRINTABLE.search(source.text)
        message = said("the front matter contains a character that YAML does not allow")
        if found:
            message = said("{message}: U+{code:04X}", message=message, code=ord(found[0]))
        raise source.error(
            message,
            found.start() if found else 0,
            said("Remove it."),
        ) from error
    return YamlBlock(source, freeze(data), root, any_case)  # type: ignore[arg-type]  # the root is a mapping


def _tree(source: Source) -> Node | None:
    """The parser events as a tree. Nothing is expanded, and parsing stops as soon as the tree exceeds its limits.

    ``size`` and ``depth`` of a node include what its aliases refer to: the loader copies that when it merges.
    """
    anchors: dict[str, tuple[int, int]] = {}
    open_nodes: list[tuple[Any, list[Node], list[tuple[int, int]]]] = [(None, [], [])]
    for count, event in enumerate(parse_yaml_events(source.text, source.too_deep)):
        if isinstance(event, yaml.DocumentStartEvent) and open_nodes[0][1]:
            raise source.error(
                said("there is a second YAML document in the front matter"),
                _begin(event),
                said("Indent the line, or put it in quotes."),
            )
        if isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append((event, [], []))
            continue
        if isinstance(event, yaml.ScalarEvent):
            node = _node("scalar", event, _end(event), value=event.value, style=event.style or "")
            size = depth = 1
        elif isinstance(event, yaml.AliasEvent):
            node = Node("alias", _begin(event), _end(event), str(event.anchor))
            if event.anchor not in anchors:
                raise source.error(
                    said("the alias *{anchor} refers to nothing before it", anchor=event.anchor),
                    node.start,
                    said("Put the text in quotes, if it is not an alias."),
                )
            size, depth = anchors[event.anchor]
        elif isinstance(event, yaml.CollectionEndEvent):
            start, children, measures = open_nodes.pop()
            node = _node(
                "mapping" if isinstance(start, yaml.MappingStartEvent) else "sequence",
                start,
                _end(event),
                style="{" if start.flow_style else "",
                children=tuple(children),
            )
            size = 1 + sum(size for size, _ in measures)
            depth = 1 + max((depth for _, depth in measures), default=0)
        else:
            continue
        if max(size, count) > _MOST_VALUES or max(depth, len(open_nodes)) > DEEPEST:
            raise source.error(
                said("the front matter expands to more values, or deeper ones, than any post has"),
                node.start,
                said("Write the values out instead of using aliases (*)."),
            )
        if node.anchor is not None:
            anchors[node.anchor] = (size, depth)
        open_nodes[-1][1].append(node)
        open_nodes[-1][2].append((size, depth))
    roots = open_nodes[0][1]
    return roots[0] if roots else None


def _node(kind: Literal["scalar", "sequence", "mapping"], event: Any, end: int, **facts: Any) -> Node:
    return Node(kind, _begin(event), end, tag=event.tag, anchor=event.anchor, **facts)


def _begin(event: Any) -> int:
    return int(event.start_mark.index)


def _end(event: Any) -> int:
    return int(event.end_mark.index)


def _put(node: Node | None, steps: list[int], missing: Key, leaf: Node) -> Node:
    """A tree for ``node`` with ``leaf`` in the right place."""
    if steps and node is not None:
        at = steps[0]
        child = _put(node.children[at], steps[1:], missing, leaf)
        return replace(node, children=(*node.children[:at], child, *node.children[at + 1 :]))
    if not missing:
        return leaf
    if node is None or node.kind != "mapping":
        node = Node("mapping", 0, 0)
    name = write_key(missing[0])
    key = Node("scalar", 0, 0, missing[0], "" if name == missing[0] else '"')
    # A group created inside braces is written in braces itself.
    empty = Node("mapping", 0, 0, style=node.style)
    return replace(node, children=(*node.children, key, _put(empty, [], missing[1:], leaf)))


def _lines(names: Key, value: Value, indent: str, eol: str) -> str:
    *groups, last = map(write_key, names)
    lines = [f"{indent}{'  ' * n}{name}:" for n, name in enumerate(groups)]
    return "".join(line + eol for line in (*lines, f"{indent}{'  ' * len(groups)}{last}: {write_value(value, None)}"))


class _Loader(LOADER):  # type: ignore[misc]  # which class it is depends on how PyYAML was built
    """A safe loader that reads as text what it cannot convert, as the generators' own parsers do."""


def _or_text(construct: Callable[[Any, Any], object]) -> Callable[[Any, Any], object]:
    def attempt(loader: Any, node: Any) -> object:
        if len(node.value) > _LONGEST_NUMBER:
            return node.value
        try:
            return construct(loader, node)
        except (ArithmeticError, AttributeError, LookupError, ValueError):  # PyYAML hardly checks ``!!int x``
            return node.value

    return attempt


def _untagged(loader: Any, node: Any) -> object:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


for _kind in ("bool", "int", "float", "timestamp"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _or_text(getattr(LOADER, f"construct_yaml_{_kind}")))
_Loader.add_constructor(None, _untagged)
