using System.Collections.Immutable;

namespace FederatedClinicalMl.Coordinator.Monitoring;

/// <summary>What a fact is about: names of a site, a study, a line, a version, as labels. Immutable, compared by content; in text <c>line=heart site=north</c>, by label.</summary>
public sealed record Subject
{
    /// <summary>About nothing in particular.</summary>
    public static readonly Subject None = new([]);

    private readonly ImmutableSortedDictionary<string, string> _labels;

    private Subject(IEnumerable<KeyValuePair<string, string>> labels)
    {
        _labels = labels.ToImmutableSortedDictionary(StringComparer.Ordinal);
        Text = string.Join(' ', _labels.Select(label => $"{label.Key}={label.Value}"));
    }

    /// <summary>The labels, in text; empty where there are none.</summary>
    public string Text { get; }

    /// <summary>The names of the labels.</summary>
    public IEnumerable<string> Labels => _labels.Keys;

    /// <summary>The value of a label; null where there is none.</summary>
    public string? this[string label] => _labels.GetValueOrDefault(label);

    /// <summary>A subject of labels whose values are names: no white space.</summary>
    public static Subject Of(params IEnumerable<(string Label, string Value)> labels) => new(labels.Select(label => KeyValuePair.Create(label.Label, label.Value)));

    /// <summary>Reads what <see cref="Text"/> has written.</summary>
    /// <exception cref="FormatException">It is no list of labels.</exception>
    public static Subject Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part.Split('=', 2) is not [{ Length: > 0 } label, { Length: > 0 } value] || !labels.TryAdd(label, value))
                throw new FormatException("Labels are written label=value, each once, with spaces between them.");
        }

        return new Subject(labels);
    }

    /// <summary>Whether this subject has every label of <paramref name="where"/>, with its value.</summary>
    public bool Matches(Subject where)
    {
        ArgumentNullException.ThrowIfNull(where);
        return where._labels.All(label => _labels.GetValueOrDefault(label.Key) == label.Value);
    }

    /// <inheritdoc/>
    public bool Equals(Subject? other) => other?.Text == Text;

    /// <inheritdoc/>
    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => Text;
}
