using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Studies;

/// <summary>One fault of a study protocol.</summary>
/// <param name="Line">Line, from 1; 0 where the fault is of the whole.</param>
/// <param name="Column">Column, from 1.</param>
/// <param name="Path">Where, e.g. <c>data.features[2].range</c>; empty for the whole.</param>
/// <param name="Message">What is wrong and how to mend it.</param>
public sealed record StudyFault(int Line, int Column, string Path, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => Path.Length == 0 ? $"{Line}:{Column}: {Message}" : $"{Line}:{Column} {Path}: {Message}";
}

/// <summary>A check that another room adds (Privacy, Learning): it sees the whole study and reports every fault.</summary>
public interface IStudyRule
{
    /// <summary>Faults of <paramref name="study"/>, as path and message.</summary>
    IEnumerable<(string Path, string Message)> Check(Study study);
}

/// <summary>The only maker of a <see cref="Study"/>: checks a declaration whole and reports every fault at once. Never throws for what is in the text.</summary>
public static class StudyChecker
{
    /// <summary>Longest canonical form that is read, in bytes.</summary>
    public const int MaximumLength = 1 << 20;

    /// <summary>Checks a protocol written in YAML (docs/reference/study-protocol.md) that refers to the built-in feature library at most.</summary>
    public static StudyCheck CheckYaml(string yaml, params IEnumerable<IStudyRule> rules) => CheckYaml(yaml, FeatureLibrary.BuiltIn, rules);

    /// <summary>Checks a protocol written in YAML (docs/reference/study-protocol.md). What it refers to in the library stands whole in the study.</summary>
    public static StudyCheck CheckYaml(string yaml, FeatureLibrary library, params IEnumerable<IStudyRule> rules)
    {
        ArgumentNullException.ThrowIfNull(library);
        var faults = new FaultList();
        var declaration = YamlDeclarationReader.Read(yaml, faults);
        return Check(declaration is null ? null : FeatureUse.Resolve(declaration, library, faults), faults, rules);
    }

    /// <summary>Checks a protocol as it travels: canonical JSON. Bytes that are not their own canonical form are a fault.</summary>
    public static StudyCheck CheckCanonical(ReadOnlyMemory<byte> canonical, params IEnumerable<IStudyRule> rules)
    {
        var faults = new FaultList();
        var check = Check(ReadCanonical(canonical.Span, faults), faults, rules);
        if (check.Study is not { } study || study.Canonical.Span.SequenceEqual(canonical.Span))
            return check;
        var difference = study.Canonical.Span.CommonPrefixLength(canonical.Span);
        faults.Add("", $"The bytes are not their own canonical form (RFC 8785, defaults filled in): they differ from byte {difference} on. Send the canonical form.");
        return new StudyCheck(null, faults.InOrder());
    }

    private static DeclarationNode? ReadCanonical(ReadOnlySpan<byte> utf8, FaultList faults)
    {
        if (utf8.Length > MaximumLength)
        {
            faults.Add("", $"The study has {utf8.Length} bytes; at most {MaximumLength} are read.");
            return null;
        }

        try
        {
            return JsonDeclarationReader.Convert(CanonicalJson.Read(utf8));
        }
        catch (JsonSyntaxException fault)
        {
            faults.Add(new Mark(fault.Line, fault.Column), "", $"This is not valid JSON: {fault.Problem}.");
            return null;
        }
    }

    private static StudyCheck Check(DeclarationNode? declaration, FaultList faults, IEnumerable<IStudyRule> rules)
    {
        if (declaration is null || IsOfAnotherVersion(declaration, faults))
            return new StudyCheck(null, faults.InOrder());
        if (StudyShape.Whole.Check(declaration, "", faults) is JsonObject normalised)
            StudyRules.Check(normalised, faults);
        else
            return new StudyCheck(null, faults.InOrder());
        if (!faults.IsEmpty)
            return new StudyCheck(null, faults.InOrder());

        var study = StudyBuilder.Build(normalised);
        foreach (var (path, message) in rules.SelectMany(rule => rule.Check(study)))
            faults.Add(path, message);
        return new StudyCheck(faults.IsEmpty ? study : null, faults.InOrder());
    }

    // Says this alone: every other fault would be measured against the wrong version.
    private static bool IsOfAnotherVersion(DeclarationNode declaration, FaultList faults)
    {
        if ((declaration as DeclaredMap)?["protocol"] is not DeclaredNumber { Value: not StudyShape.Protocol } version)
            return false;
        faults.Add(version.Mark, "protocol", $"The study is written in protocol {CanonicalNumber.Format(version.Value)}; this software reads protocol {StudyShape.Protocol}. Use a version of the software that reads protocol {CanonicalNumber.Format(version.Value)}, or write the study in protocol {StudyShape.Protocol}.");
        return true;
    }
}

/// <summary>Outcome of a check: a study, or faults.</summary>
/// <param name="Study">The study; null where there are faults.</param>
/// <param name="Faults">Every fault, in the order of the text.</param>
public sealed record StudyCheck(Study? Study, IReadOnlyList<StudyFault> Faults);
