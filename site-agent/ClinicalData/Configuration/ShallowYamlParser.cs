using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Ends a text that nests without end before its tree is built, which calls itself for each map and list and would end the process.</summary>
internal sealed class ShallowYamlParser(IParser inner) : IParser
{
    /// <summary>How deep maps and lists may nest.</summary>
    public const int MaximumDepth = 64;

    private int _depth;

    /// <inheritdoc/>
    public ParsingEvent? Current => inner.Current;

    /// <summary>Up to where the text was read.</summary>
    public Mark Reached { get; private set; }

    /// <inheritdoc/>
    public bool MoveNext()
    {
        var moved = inner.MoveNext();
        Reached = Current?.End ?? Reached;
        _depth += Current is MappingStart or SequenceStart ? 1 : Current is MappingEnd or SequenceEnd ? -1 : 0;
        return _depth <= MaximumDepth ? moved : throw new YamlException(Current!.Start, Current.End, $"maps and lists nest deeper than {MaximumDepth}");
    }
}
