using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace FederatedClinicalMl.Studies;

/// <summary>
/// Reads the plain part of YAML 1.2: one document of maps, lists and scalars. Tags, anchors, aliases, merge keys, directives and
/// duplicate keys are faults. Works on the parser's events: nothing in the text can name a type or make another node grow.
/// </summary>
internal sealed partial class YamlDeclarationReader
{
    /// <summary>Longest text that is read, in characters.</summary>
    public const int MaximumLength = 1 << 20;

    /// <summary>How deep maps and lists may nest.</summary>
    public const int MaximumDepth = 16;

    private readonly IParser _parser;
    private readonly FaultList _faults;

    private YamlDeclarationReader(string yaml, FaultList faults)
    {
        _parser = new GuardedParser(new Parser(new StringReader(yaml)));
        _faults = faults;
    }

    /// <summary>The document's tree; null where it cannot be read to its end.</summary>
    public static DeclarationNode? Read(string yaml, FaultList faults)
    {
        if (yaml.Length > MaximumLength)
        {
            faults.Add(default, "", $"The text has {yaml.Length} characters; at most {MaximumLength} are read.");
            return null;
        }

        try
        {
            return new YamlDeclarationReader(yaml, faults).ReadDocument();
        }
        catch (YamlException fault)
        {
            faults.Add(MarkOf(fault.Start), "", $"This is not valid YAML: {fault.Message.TrimEnd('.')}.");
            return null;
        }
        catch (DepthException fault)
        {
            faults.Add(fault.Mark, "", $"Maps and lists nest deeper than {MaximumDepth}.");
            return null;
        }
    }

    private DeclarationNode? ReadDocument()
    {
        _parser.Consume<StreamStart>();
        if (!_parser.TryConsume<DocumentStart>(out var start))
        {
            _faults.Add(default, "", "The text is empty; a study protocol begins with 'protocol: 1'.");
            return null;
        }

        if (start.Version is not null || start.Tags?.Any(tag => tag is not ({ Handle: "!", Prefix: "!" } or { Handle: "!!", Prefix: "tag:yaml.org,2002:" })) == true)
            _faults.Add(MarkOf(start.Start), "", "Directives (lines that begin with %) are not allowed; leave them out.");
        var root = ReadNode("", 0);
        _parser.Consume<DocumentEnd>();
        if (_parser.Accept<DocumentStart>(out var second))
            _faults.Add(MarkOf(second.Start), "", "A second document begins here; a file holds one study protocol."); // what follows is not read
        return root;
    }

    private DeclarationNode ReadNode(string path, int depth)
    {
        var next = _parser.Consume<ParsingEvent>();
        var mark = MarkOf(next.Start);
        if (depth > MaximumDepth)
            throw new DepthException(mark);
        if (next is AnchorAlias alias)
            return Amiss(mark, path, $"'*{alias.Value}' is an alias; aliases are not allowed: write the value out.");
        var amiss = false;
        if (next is NodeEvent node)
        {
            if (!node.Anchor.IsEmpty)
                amiss = Report(mark, path, $"'&{node.Anchor.Value}' is an anchor; anchors are not allowed: leave it out.");
            if (!node.Tag.IsEmpty)
                amiss = Report(mark, path, $"{DeclarationNode.Quote(node.Tag.Value)} is a tag; tags are not allowed: leave it out.");
        }

        DeclarationNode read = next switch
        {
            MappingStart => ReadMap(mark, path, depth),
            SequenceStart => ReadList(mark, path, depth),
            Scalar scalar => ReadScalar(mark, path, scalar),
            _ => Amiss(mark, path, "A value is expected here."),
        };
        return amiss && read is not (DeclaredMap or DeclaredList) ? new DeclaredAmiss(mark) : read;
    }

    private DeclaredMap ReadMap(Mark mark, string path, int depth)
    {
        var entries = ImmutableArray.CreateBuilder<DeclaredEntry>();
        var lines = new Dictionary<string, int>(StringComparer.Ordinal);
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var key = ReadNode(path, depth + 1);
            var name = key is DeclaredText text ? text.Value : null;
            var value = ReadNode(Paths.Key(path, name ?? "?"), depth + 1);
            if (name == "<<")
                Report(key.Mark, path, "Merge keys ('<<') are not allowed: write the keys out.");
            else if (key is DeclaredAmiss)
                continue; // reported
            else if (name is null)
                Report(key.Mark, path, $"A key is a word; here is {key.Description}.");
            else if (!lines.TryAdd(name, key.Mark.Line))
                Report(key.Mark, Paths.Key(path, name), $"The key {DeclarationNode.Quote(name)} is there twice (first in line {lines[name]}); keep one.");
            else
                entries.Add(new DeclaredEntry(name, key.Mark, value));
        }

        return new DeclaredMap(mark, entries.ToImmutable());
    }

    private DeclaredList ReadList(Mark mark, string path, int depth)
    {
        var items = ImmutableArray.CreateBuilder<DeclarationNode>();
        while (!_parser.TryConsume<SequenceEnd>(out _))
            items.Add(ReadNode(Paths.Item(path, items.Count), depth + 1));
        return new DeclaredList(mark, items.ToImmutable());
    }

    // The core schema of YAML 1.2, less what people misread: no octal, hexadecimal, infinities or numbers with leading zeros.
    private DeclarationNode ReadScalar(Mark mark, string path, Scalar scalar)
    {
        if (scalar.Style != ScalarStyle.Plain)
            return new DeclaredText(mark, scalar.Value);
        switch (scalar.Value)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                return new DeclaredNothing(mark);
            case "true" or "True" or "TRUE":
                return new DeclaredBoolean(mark, true);
            case "false" or "False" or "FALSE":
                return new DeclaredBoolean(mark, false);
        }

        if (!NumberPattern().IsMatch(scalar.Value))
            return new DeclaredText(mark, scalar.Value);
        try
        {
            return new DeclaredNumber(mark, CanonicalNumber.Parse(scalar.Value.TrimStart('+')) + 0.0); // + 0.0: minus zero is zero
        }
        catch (FormatException fault)
        {
            return Amiss(mark, path, fault.Message);
        }
    }

    private DeclaredAmiss Amiss(Mark mark, string path, string message)
    {
        _faults.Add(mark, path, message);
        return new DeclaredAmiss(mark);
    }

    private bool Report(Mark mark, string path, string message)
    {
        _faults.Add(mark, path, message);
        return true;
    }

    private static Mark MarkOf(YamlDotNet.Core.Mark mark) => new((int)mark.Line, (int)mark.Column);

    [GeneratedRegex(@"\A[-+]?(0|[1-9][0-9]*)(\.[0-9]*)?([eE][-+]?[0-9]+)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex NumberPattern();

    /// <summary>YamlDotNet's scanner meets some malformed texts with exceptions that are not its own (found by the property tests); to the reader they are bad YAML like any other.</summary>
    private sealed class GuardedParser(IParser inner) : IParser
    {
        public ParsingEvent? Current => inner.Current;

        public bool MoveNext()
        {
            var mark = inner.Current?.End ?? YamlDotNet.Core.Mark.Empty;
            try
            {
                return inner.MoveNext() ? true : throw new YamlException(mark, mark, "the text ends too early");
            }
            catch (Exception fault) when (fault is InvalidOperationException or ArgumentException)
            {
                throw new YamlException(mark, mark, "the parser cannot read what follows here", fault);
            }
        }
    }

    private sealed class DepthException(Mark mark) : FormatException
    {
        public Mark Mark => mark;
    }
}

/// <summary>Paths of faults, e.g. <c>data.features[2].range</c>.</summary>
internal static class Paths
{
    public static string Key(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";

    public static string Item(string path, int index) => $"{path}[{index.ToString(CultureInfo.InvariantCulture)}]";
}
