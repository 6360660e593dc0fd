using System.Collections.Immutable;

namespace FederatedClinicalMl.Tests.Architecture;

/// <summary>Rules on the wire contracts.</summary>
public static class WireRules
{
    /// <summary>Two enums say the same with the same numbers; their value names may differ by the prefix.</summary>
    public static IEnumerable<string> EnumDifferences(
        ImmutableDictionary<string, int> left, string leftPrefix, ImmutableDictionary<string, int> right, string rightPrefix)
    {
        var a = Unprefixed(left, leftPrefix);
        var b = Unprefixed(right, rightPrefix);
        foreach (var name in a.Keys.Union(b.Keys))
        {
            if (!a.TryGetValue(name, out var number) || !b.TryGetValue(name, out var other))
                yield return $"{name} is in one enum only.";
            else if (number != other)
                yield return $"{name} is {number} in one enum and {other} in the other.";
        }
    }

    /// <summary>Fields of type string in what calls answer, in answers' parts too, save those named.</summary>
    /// <param name="proto">The contract.</param>
    /// <param name="identifiers">Fields that are identifiers by their format, as "Message.field".</param>
    public static IEnumerable<string> FreeTextInReplies(ProtoFile proto, params string[] identifiers)
    {
        var seen = new HashSet<string>();
        var open = new Stack<string>(proto.Replies);
        while (open.TryPop(out var message))
        {
            if (!seen.Add(message))
                continue;
            if (!proto.Messages.TryGetValue(message, out var fields))
                throw new ArgumentException($"The contract answers with {message}, which it does not declare.", nameof(proto));
            foreach (var field in fields)
            {
                if (field.Type == "string" && !identifiers.Contains($"{message}.{field.Name}"))
                    yield return $"{message}.{field.Name} is text.";
                foreach (var part in new[] { field.Type, $"{message}.{field.Type}" }.Where(proto.Messages.ContainsKey))
                    open.Push(part);
            }
        }
    }

    private static ImmutableDictionary<string, int> Unprefixed(ImmutableDictionary<string, int> values, string prefix) =>
        values.ToImmutableDictionary(
            value => value.Key.StartsWith(prefix, StringComparison.Ordinal)
                ? value.Key[prefix.Length..]
                : throw new ArgumentException($"{value.Key} does not begin with {prefix}.", nameof(values)),
            value => value.Value);
}
