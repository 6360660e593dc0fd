using System.Collections.Immutable;
using System.Text;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// What a steward reads before a study is approved, in plain language: what will leave, how often, hidden from whom, at what cost, and what is not protected. Data alone: terminal, file and console
/// show the same. What it claims stands in docs/threat-model.md, "The steward's page".
/// </summary>
/// <param name="Title">One line.</param>
/// <param name="Sections">In the order in which they are read.</param>
public sealed record StewardPage(string Title, ImmutableArray<PageSection> Sections)
{
    /// <summary>SHA-256 of the page's text, as <see cref="PageText"/> writes it: by it the log says what there was to read when a study was approved.</summary>
    public Sha256Digest Digest => Sha256Digest.Of(Encoding.UTF8.GetBytes(PageText.Of(this)));

    /// <summary>The page of a study at a site.</summary>
    public static StewardPage Of(PageFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        return new StewardPage($"The study '{facts.Study.Name}' at the hospital '{facts.Site}'",
        [
            AskedSection.Of(facts), LeavesSection.Of(facts), HiddenSection.Of(facts), CostSection.Of(facts), NotProtectedSection.Of(facts), PolicySection.Of(facts), OpenSection.Of(facts),
            HappenedSection.Of(facts),
        ]);
    }
}

/// <summary>A part of the page.</summary>
/// <param name="Heading">What it answers.</param>
/// <param name="Items">What is to be said, in order; never empty.</param>
public sealed record PageSection(string Heading, ImmutableArray<PageItem> Items);

/// <summary>One thing that the page says. Neither text has a line break or anything invisible in it, whatever it was made from.</summary>
public sealed record PageItem
{
    /// <summary>Says something.</summary>
    /// <param name="lead">What it is about, in a few words.</param>
    /// <param name="text">Whole sentences.</param>
    /// <param name="attention">Whether a steward must not overlook it.</param>
    public PageItem(string lead, string text, bool attention = false) => (Lead, Text, Attention) = (PageText.Clean(lead), PageText.Clean(text), attention);

    /// <summary>What it is about.</summary>
    public string Lead { get; }

    /// <summary>Whole sentences.</summary>
    public string Text { get; }

    /// <summary>Whether a steward must not overlook it.</summary>
    public bool Attention { get; }
}
