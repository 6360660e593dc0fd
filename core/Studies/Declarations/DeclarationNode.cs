using System.Collections.Immutable;

namespace FederatedClinicalMl.Studies;

/// <summary>A place in a text, both from 1; 0:0 where there is none.</summary>
internal readonly record struct Mark(int Line, int Column) : IComparable<Mark>
{
    public int CompareTo(Mark other) => (Line, Column).CompareTo((other.Line, other.Column));
}

/// <summary>What somebody wrote, before any check: a tree of maps, lists and scalars, each with its place in the text.</summary>
internal abstract record DeclarationNode(Mark Mark)
{
    /// <summary>The node as a fault's message names it; never longer than a line.</summary>
    public abstract string Description { get; }

    /// <summary>Text shortened to what fits in a message.</summary>
    public static string Quote(string text)
    {
        var shown = text.Length <= 40 ? text : text[..37] + "...";
        return $"'{string.Concat(shown.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c))}'";
    }
}

internal sealed record DeclaredMap(Mark Mark, ImmutableArray<DeclaredEntry> Entries) : DeclarationNode(Mark)
{
    public override string Description => "a map";

    public DeclarationNode? this[string key] => Entries.FirstOrDefault(entry => entry.Key == key)?.Value;
}

/// <summary>One entry of a map. A reader lets no key through twice.</summary>
internal sealed record DeclaredEntry(string Key, Mark Mark, DeclarationNode Value);

internal sealed record DeclaredList(Mark Mark, ImmutableArray<DeclarationNode> Items) : DeclarationNode(Mark)
{
    public override string Description => "a list";
}

internal sealed record DeclaredText(Mark Mark, string Value) : DeclarationNode(Mark)
{
    public override string Description => $"the text {Quote(Value)}";
}

internal sealed record DeclaredNumber(Mark Mark, double Value) : DeclarationNode(Mark)
{
    public override string Description => $"the number {CanonicalNumber.Format(Value)}";
}

internal sealed record DeclaredBoolean(Mark Mark, bool Value) : DeclarationNode(Mark)
{
    public override string Description => Value ? "true" : "false";
}

internal sealed record DeclaredNothing(Mark Mark) : DeclarationNode(Mark)
{
    public override string Description => "nothing";
}

/// <summary>Stands where the reader has already reported a fault, so that no check reports it again.</summary>
internal sealed record DeclaredAmiss(Mark Mark) : DeclarationNode(Mark)
{
    public override string Description => "a fault";
}
