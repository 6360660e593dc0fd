using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace FederatedClinicalMl.Studies;

/// <summary>The name of a site: <c>[a-z][a-z0-9-]{0,62}</c>, as in its certificate.</summary>
public readonly record struct SiteId : IComparable<SiteId>
{
    private SiteId(string value) => Value = value;

    /// <summary>The name's text.</summary>
    public string Value { get; }

    /// <summary>Reads a name.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out SiteId site)
    {
        site = Name.IsName(text) ? new SiteId(text) : default;
        return site.Value is not null;
    }

    /// <summary>Reads a name.</summary>
    /// <exception cref="FormatException">The text is no site name.</exception>
    public static SiteId Parse(string text) =>
        TryParse(text, out var site) ? site : throw new FormatException($"'{text}' is not a site name: {Name.Rule}.");

    /// <summary>Ordinal order of the names: the order in which sites are listed and digested everywhere.</summary>
    public int CompareTo(SiteId other) => string.CompareOrdinal(Value, other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value;

    public static bool operator <(SiteId left, SiteId right) => left.CompareTo(right) < 0;
    public static bool operator >(SiteId left, SiteId right) => left.CompareTo(right) > 0;
    public static bool operator <=(SiteId left, SiteId right) => left.CompareTo(right) <= 0;
    public static bool operator >=(SiteId left, SiteId right) => left.CompareTo(right) >= 0;
}

/// <summary>The rule for names of sites, people, datasets and studies.</summary>
public static class Name
{
    /// <summary>The rule in words.</summary>
    public const string Rule = "a lower-case letter, then up to 62 lower-case letters, digits or hyphens";

    /// <summary>Whether <paramref name="text"/> follows the rule.</summary>
    public static bool IsName([NotNullWhen(true)] string? text)
    {
        if (text is null || text.Length is 0 or > 63 || text[0] is < 'a' or > 'z')
            return false;
        foreach (var c in text)
        {
            if (c is not ((>= 'a' and <= 'z') or (>= '0' and <= '9') or '-'))
                return false;
        }

        return true;
    }
}

/// <summary>SHA-256 of a study protocol's canonical JSON: what a steward approves.</summary>
public readonly record struct StudyDigest(Sha256Digest Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}

/// <summary>One execution of a study: 16 lower-case hexadecimal digits, drawn by the coordinator.</summary>
public readonly record struct RunId
{
    private RunId(string value) => Value = value;

    /// <summary>The text.</summary>
    public string Value { get; }

    /// <summary>A run id from 8 random bytes.</summary>
    public static RunId From(ReadOnlySpan<byte> eightBytes) => Parse(Convert.ToHexStringLower(eightBytes));

    /// <summary>Reads a run id.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out RunId run)
    {
        run = text is { Length: 16 } && text.All(c => c is (>= '0' and <= '9') or (>= 'a' and <= 'f')) ? new RunId(text) : default;
        return run.Value is not null;
    }

    /// <summary>Reads a run id.</summary>
    /// <exception cref="FormatException">The text is no run id.</exception>
    public static RunId Parse(string text) =>
        TryParse(text, out var run) ? run : throw new FormatException($"'{text}' is not a run id: 16 lower-case hexadecimal digits are needed.");

    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>A round of a run, from 1; 0 is the preparation round.</summary>
public readonly record struct RoundNumber(int Value) : IComparable<RoundNumber>
{
    /// <summary>The round before the first: preprocessing constants or a profile, no update.</summary>
    public static RoundNumber Preparation => default;

    /// <inheritdoc/>
    public int CompareTo(RoundNumber other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);

    public static bool operator <(RoundNumber left, RoundNumber right) => left.Value < right.Value;
    public static bool operator >(RoundNumber left, RoundNumber right) => left.Value > right.Value;
    public static bool operator <=(RoundNumber left, RoundNumber right) => left.Value <= right.Value;
    public static bool operator >=(RoundNumber left, RoundNumber right) => left.Value >= right.Value;
}

/// <summary>What a step collects from every site. Numbers are those of the wire.</summary>
public enum StepKind
{
    /// <summary>Mergeable counts and moments of the training rows, from which preprocessing constants are frozen.</summary>
    Preparation = 1,

    /// <summary>An update of the parameters; under masks where the study's aggregation is secure.</summary>
    Training = 2,

    /// <summary>Mergeable metrics of the round's new parameters.</summary>
    Evaluation = 3,

    /// <summary>Each site's own metrics of the final parameters, as far as its policy lets them out.</summary>
    SiteMetrics = 4,

    /// <summary>What each site's rows are like: counts, moments and histograms, suppressed.</summary>
    Profile = 5,

    /// <summary>Of a masked or encrypted round: each site's public keys for this attempt.</summary>
    KeyAgreement = 6,

    /// <summary>Of secure aggregation: each site's secrets, divided among the sites and sealed for them.</summary>
    Sharing = 7,

    /// <summary>Of secure aggregation: signatures on who survived, once the masked updates are summed.</summary>
    Agreement = 8,

    /// <summary>Of secure aggregation: the shares that take the masks off the sum, which gives the round's new parameters.</summary>
    Unmasking = 9,

    /// <summary>Of an encrypted round: the key that the updates are encrypted under, wrapped for each member, or each member's part of it.</summary>
    KeyMaking = 10,

    /// <summary>Of an encrypted round: what each member makes of the encrypted sum, which gives the round's new parameters.</summary>
    Decryption = 11,

    /// <summary>How well each site's test rows are told apart by two models, as far as its policy lets that out: the only step of a run that compares them.</summary>
    Comparison = 12,

    /// <summary>What each site's scoring saw of a served version, in whole windows of days, suppressed: the only step of a run that asks for it.</summary>
    Monitoring = 13,
}

/// <summary>What holds for kinds of steps.</summary>
public static class StepKinds
{
    /// <summary>Whether a step of this kind asks about what is at the site alone: it has neither parameters nor constants, and is of round 0, which is none of the study's rounds.</summary>
    public static bool IsWithoutParameters(this StepKind kind) => kind is StepKind.Preparation or StepKind.Profile or StepKind.Monitoring;

    /// <summary>Whether a step of this kind collects messages of secure aggregation, and nothing else. (Its training collects masked updates.)</summary>
    public static bool IsMessage(this StepKind kind) => kind is StepKind.KeyAgreement or StepKind.Sharing or StepKind.Agreement or StepKind.Unmasking or StepKind.KeyMaking;

    /// <summary>Whether a step of this kind is computed from a site's data; others pass on messages, or open a sum of what was.</summary>
    public static bool ReadsData(this StepKind kind) => !kind.IsMessage() && kind != StepKind.Decryption;

    /// <summary>The part of a round that a step of this kind belongs to: all steps of a masked or encrypted round are of the training.</summary>
    public static StepKind Part(this StepKind kind) => kind.IsMessage() || kind == StepKind.Decryption ? StepKind.Training : kind;

    /// <summary>The place of a step of this kind within an attempt at its part.</summary>
    public static int Phase(this StepKind kind) => kind switch
    {
        StepKind.Sharing or StepKind.KeyMaking => 1,
        StepKind.Training => 2,
        StepKind.Agreement or StepKind.Decryption => 3,
        StepKind.Unmasking => 4,
        _ => 0,
    };
}

/// <summary>
/// One step of a run: the unit of collecting. Every step of whatever kind is offered, answered by one release per site, closed for a
/// journaled set of participants, merged exactly and committed. Its text is <c>run.round.kind.attempt</c>, fit for a file name.
/// </summary>
/// <param name="Run">The run.</param>
/// <param name="Round">The round; 0 only for preparation.</param>
/// <param name="Kind">What is collected.</param>
/// <param name="Attempt">From 1; a step that missed its quorum may be tried again as its study says.</param>
public readonly record struct StepId(RunId Run, RoundNumber Round, StepKind Kind, int Attempt)
{
    /// <summary>By which the steps of a run follow one another.</summary>
    public (int Round, StepKind Part, int Attempt, int Phase) Order => (Round.Value, Kind.Part(), Attempt, Kind.Phase());

    /// <inheritdoc/>
    public override string ToString() => $"{Run}.{Round}.{Kind.ToString().ToLowerInvariant()}.{Attempt}";

    /// <summary>Reads the text form.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out StepId step)
    {
        step = default;
        var parts = text?.Split('.');
        if (parts is not { Length: 4 }
            || !RunId.TryParse(parts[0], out var run)
            || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var round)
            || !Enum.TryParse<StepKind>(parts[2], ignoreCase: true, out var kind) || !Enum.IsDefined(kind)
            || !int.TryParse(parts[3], NumberStyles.None, CultureInfo.InvariantCulture, out var attempt) || attempt < 1)
            return false;
        step = new StepId(run, new RoundNumber(round), kind, attempt);
        return step.ToString() == text; // one text per step: no leading zeros, no numbers for kinds
    }
}
