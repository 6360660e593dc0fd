using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace FederatedClinicalMl.Tests.Architecture;

/// <summary>A field of a message.</summary>
public sealed record ProtoField(string Type, string Name);

/// <summary>
/// As much of a .proto file as the rules look at: enums and message fields by qualified name ("Step.Kind"), and what the services answer.
/// Reads the layout that this repository uses: one declaration per line, a block opened at a line's end or empty.
/// </summary>
/// <param name="Enums">Qualified name to value names and numbers.</param>
/// <param name="Messages">Qualified name to fields, those of a oneof included.</param>
/// <param name="Replies">Message types that calls return.</param>
public sealed partial record ProtoFile(
    ImmutableDictionary<string, ImmutableDictionary<string, int>> Enums,
    ImmutableDictionary<string, ImmutableArray<ProtoField>> Messages,
    ImmutableArray<string> Replies)
{
    /// <summary>Reads a .proto file's text.</summary>
    public static ProtoFile Parse(string text)
    {
        var enums = ImmutableDictionary.CreateBuilder<string, ImmutableDictionary<string, int>>();
        var messages = ImmutableDictionary.CreateBuilder<string, ImmutableArray<ProtoField>>();
        var replies = ImmutableArray.CreateBuilder<string>();
        var blocks = new Stack<(string Kind, string Name)>();
        foreach (var line in text.Split('\n').Select(line => line.Split("//")[0].Trim()).Where(line => line.Length > 0))
        {
            if (Block().Match(line) is { Success: true } block)
            {
                var (kind, name) = (block.Groups[1].Value, block.Groups[2].Value);
                var outer = blocks.FirstOrDefault(open => open.Kind == "message").Name;
                var qualified = outer is null ? name : $"{outer}.{name}";
                if (kind == "enum")
                    enums.Add(qualified, ImmutableDictionary<string, int>.Empty);
                if (kind == "message")
                    messages.Add(qualified, []);
                if (!line.EndsWith('}'))
                    blocks.Push((kind, qualified));
            }
            else if (line == "}")
            {
                blocks.Pop();
            }
            else if (Reply().Match(line) is { Success: true } reply)
            {
                replies.Add(reply.Groups[1].Value);
                if (line.EndsWith('{'))
                    blocks.Push(("rpc", ""));
            }
            else if (blocks.TryPeek(out var inner) && inner.Kind == "enum" && EnumValue().Match(line) is { Success: true } value)
            {
                enums[inner.Name] = enums[inner.Name].Add(value.Groups[1].Value, int.Parse(value.Groups[2].Value));
            }
            else if (blocks.Count > 0 && inner.Kind is "message" or "oneof" && Field().Match(line) is { Success: true } field)
            {
                var message = blocks.First(open => open.Kind == "message").Name;
                messages[message] = messages[message].Add(new ProtoField(field.Groups[1].Value, field.Groups[2].Value));
            }
        }

        return new ProtoFile(enums.ToImmutable(), messages.ToImmutable(), replies.ToImmutable());
    }

    [GeneratedRegex(@"^(message|enum|service|oneof)\s+(\w+)\s*\{")]
    private static partial Regex Block();

    [GeneratedRegex(@"^rpc\s+\w+\s*\([^)]*\)\s*returns\s*\((?:stream\s+)?([\w.]+)\)")]
    private static partial Regex Reply();

    [GeneratedRegex(@"^(\w+)\s*=\s*(\d+)\s*;")]
    private static partial Regex EnumValue();

    [GeneratedRegex(@"^(?:repeated\s+|optional\s+)?([\w.]+)\s+(\w+)\s*=\s*\d+\s*;")]
    private static partial Regex Field();
}
