using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Privacy;

/// <summary>What a masked step is about, unchecked: see <see cref="AggregationTerms"/> for what each must be.</summary>
/// <param name="Study">The approved study.</param>
/// <param name="Step">Run, round, kind of step and attempt.</param>
/// <param name="Parameters">Digest of the parameters that updates start from.</param>
/// <param name="Members">Who may take part.</param>
/// <param name="Threshold">How many sites together can unmask.</param>
/// <param name="Colluders">How many members are assumed to tell each other, or the coordinator, what they know.</param>
/// <param name="Minimum">Fewest survivors beyond the assumed colluders.</param>
/// <param name="Word">Words of the masked vectors.</param>
/// <param name="Dimension">Words of a masked vector.</param>
public sealed record AggregationDeclaration(
    StudyDigest Study, StepId Step, Sha256Digest Parameters, MemberList Members, int Threshold, int Colluders, int Minimum, MaskWord Word, int Dimension);

/// <summary>
/// What a masked step is about, checked. Its <see cref="Info"/> goes into every key, mask, commitment and signature of the step, so that sites which were told
/// different things share no mask and accept nothing of each other.
/// </summary>
/// <remarks>
/// With n members, threshold t and c colluders: t ≥ floor(2n/3) + 1 (Bonawitz et al. 2017, section 4, active adversaries); 2t - n &gt; c, so that of two sets
/// of t
/// signers or share givers at least one honest site is in both, and an honest site signs and gives once; the survivors are at least max(t, minimum + c), and
/// that
/// many members there must be; minimum ≥ 2, for a sum of one honest update hides nothing.
/// </remarks>
public sealed class AggregationTerms : IEquatable<AggregationTerms>
{
    /// <summary>Fewest survivors beyond colluders, whatever a study says.</summary>
    public const int LeastMinimum = 2;

    private AggregationTerms(AggregationDeclaration declared)
    {
        Declared = declared;
        Info = new ByteWriter().Text("fcml-aggregation-terms-v1").Digest(declared.Study.Value).Step(declared.Step).Digest(declared.Parameters)
            .Digest(declared.Members.Digest).Int32(declared.Threshold).Int32(declared.Colluders).Int32(declared.Minimum).Int32((int)declared.Word).Int32(declared.Dimension)
            .ToArray();
        Digest = Sha256Digest.Of(Info.Span);
    }

    /// <summary>What was asked, which has no fault.</summary>
    public AggregationDeclaration Declared { get; }

    /// <summary>Who may take part.</summary>
    public MemberList Members => Declared.Members;

    /// <summary>Run, round, kind of step and attempt.</summary>
    public StepId Step => Declared.Step;

    /// <summary>How many sites together can unmask.</summary>
    public int Threshold => Declared.Threshold;

    /// <summary>Fewest survivors: the threshold, or minimum + colluders where that is more.</summary>
    public int LeastSurvivors => Math.Max(Declared.Threshold, Declared.Minimum + Declared.Colluders);

    /// <summary>Fewest survivors less the assumed colluders: so many honest sites' updates are in the sum at least.</summary>
    public int LeastHonest => LeastSurvivors - Declared.Colluders;

    /// <summary>Bytes of a masked vector.</summary>
    public long PayloadLength => (long)Declared.Dimension * Declared.Word.Bytes();

    /// <summary>All of the above in one canonical form, the members by their list's digest.</summary>
    public ReadOnlyMemory<byte> Info { get; }

    /// <summary>SHA-256 of <see cref="Info"/>.</summary>
    public Sha256Digest Digest { get; }

    /// <summary>The least threshold for so many members: floor(2n/3) + 1.</summary>
    public static int LeastThreshold(int members) => (2 * members / 3) + 1;

    /// <summary>Checks what was asked.</summary>
    /// <exception cref="ArgumentException">It has a fault; the message says which and how to mend it.</exception>
    public static AggregationTerms Of(AggregationDeclaration declared) =>
        FaultOf(declared) is { } fault ? throw new ArgumentException(fault, nameof(declared)) : new AggregationTerms(declared);

    /// <summary>The first fault of what was asked; null where there is none.</summary>
    public static string? FaultOf(AggregationDeclaration declared)
    {
        ArgumentNullException.ThrowIfNull(declared);
        var (n, t, c) = (declared.Members.Count, declared.Threshold, declared.Colluders);
        return declared.Step.Run.Value is null || declared.Step.Round.Value < 0 || declared.Step.Attempt < 1 || !Enum.IsDefined(declared.Step.Kind)
                ? "The step is not one: it has a run, a round from 0, a kind and an attempt from 1."
            : t < LeastThreshold(n) || t > n ? $"With {n} members the threshold lies in [{LeastThreshold(n)}, {n}]; {t} is not in it. Set the threshold to {LeastThreshold(n)} or more."
            : c < 0 || c >= (2 * t) - n
                ? $"With {n} members and a threshold of {t} at most {(2 * t) - n - 1} colluders can be assumed, not {c}: 2 x {t} - {n} must exceed them. Raise the threshold."
            : declared.Minimum < LeastMinimum ? $"The least number of survivors beyond colluders is {LeastMinimum}, not {declared.Minimum}."
            : declared.Minimum + c > n
                ? $"{declared.Minimum} survivors beyond {c} colluders are more than the {n} members. Lower one of them, or admit more sites."
            : !Enum.IsDefined(declared.Word) ? "Words have 32 or 64 bits."
            : declared.Dimension < 1 ? "A masked vector has at least one word."
            : null;
    }

    /// <summary>Whether <paramref name="other"/> is another attempt, or the same, of the same thing: nothing differs but the attempt.</summary>
    public bool IsAttemptOf(AggregationTerms other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Declared with { Step = Step with { Attempt = other.Step.Attempt } } == other.Declared;
    }

    /// <inheritdoc/>
    public bool Equals(AggregationTerms? other) => other is not null && other.Digest == Digest;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as AggregationTerms);

    /// <inheritdoc/>
    public override int GetHashCode() => Digest.GetHashCode();

    internal static AggregationTerms? Read(ref ByteReader reader)
    {
        var (study, step, parameters) = (new StudyDigest(reader.Digest()), reader.Step(), reader.Digest());
        if (MemberList.Read(ref reader) is not { } members)
            return null;
        var declared = new AggregationDeclaration(
            study, step, parameters, members, reader.Int32(), reader.Int32(), reader.Int32(), (MaskWord)reader.Int32(), reader.Int32());
        return reader.Ok && FaultOf(declared) is null ? new AggregationTerms(declared) : null;
    }

    internal void Write(ByteWriter writer)
    {
        writer.Digest(Declared.Study.Value).Step(Step).Digest(Declared.Parameters);
        Members.Write(writer);
        writer.Int32(Threshold).Int32(Declared.Colluders).Int32(Declared.Minimum).Int32((int)Declared.Word).Int32(Declared.Dimension);
    }
}
