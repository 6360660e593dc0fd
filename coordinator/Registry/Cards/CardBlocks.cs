using System.Collections.Immutable;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>A document of which HTML and Markdown are two writings.</summary>
/// <param name="Title">Its title.</param>
/// <param name="Sections">Its sections, in the order in which they are read.</param>
public sealed record Card(string Title, ImmutableArray<CardSection> Sections);

/// <summary>A section.</summary>
/// <param name="Heading">Its heading.</param>
/// <param name="Blocks">What stands under it.</param>
public sealed record CardSection(string Heading, ImmutableArray<CardBlock> Blocks);

/// <summary>A part of a section. Texts are plain: whoever writes them escapes them.</summary>
public abstract record CardBlock;

/// <summary>A paragraph.</summary>
/// <param name="Text">Its text.</param>
public sealed record CardText(string Text) : CardBlock;

/// <summary>A table; of two columns without heads it is a list of facts.</summary>
/// <param name="Heads">The heads of its columns; empty: it has none.</param>
/// <param name="Rows">[rows, columns].</param>
public sealed record CardTable(ImmutableArray<string> Heads, ImmutableArray<ImmutableArray<string>> Rows) : CardBlock
{
    /// <summary>A list of facts.</summary>
    public static CardTable Facts(params IEnumerable<(string Name, string Value)> facts) => new([], [.. facts.Select(fact => ImmutableArray.Create(fact.Name, fact.Value))]);
}

/// <summary>A picture, with the words for those who do not see it, and for Markdown.</summary>
/// <param name="Svg">The picture: an <c>svg</c> element.</param>
/// <param name="Words">What it shows.</param>
public sealed record CardPlot(string Svg, string Words) : CardBlock;
