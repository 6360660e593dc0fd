namespace FederatedClinicalMl.Studies;

/// <summary>One fault of a study protocol.</summary>
/// <param name="Line">Line, from 1; 0 where the fault is of the whole.</param>
/// <param name="Column">Column, from 1.</param>
/// <param name="Path">Where, e.g. <c>data.features[2].range</c>.</param>
/// <param name="Message">What is wrong and how to mend it.</param>
public sealed record StudyFault(int Line, int Column, string Path, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Line}:{Column} {Path}: {Message}";
}

/// <summary>A check that another room adds (Privacy, Learning): it sees the whole study and reports every fault.</summary>
public interface IStudyRule
{
    /// <summary>Faults of <paramref name="study"/>, as path and message.</summary>
    IEnumerable<(string Path, string Message)> Check(Study study);
}

/// <summary>The only maker of a <see cref="Study"/>: checks a declaration whole and reports every fault at once.</summary>
public static class StudyChecker
{
    /// <summary>Checks a protocol written in YAML.</summary>
    public static StudyCheck CheckYaml(string yaml, params IEnumerable<IStudyRule> rules) => throw new NotImplementedException();

    /// <summary>Checks a protocol as it travels: canonical JSON. Bytes that are not their own canonical form are a fault.</summary>
    public static StudyCheck CheckCanonical(ReadOnlyMemory<byte> canonical, params IEnumerable<IStudyRule> rules) => throw new NotImplementedException();
}

/// <summary>Outcome of a check: a study, or faults.</summary>
/// <param name="Study">The study; null where there are faults.</param>
/// <param name="Faults">Every fault, in the order of the text.</param>
public sealed record StudyCheck(Study? Study, IReadOnlyList<StudyFault> Faults);
