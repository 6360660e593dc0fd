using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>How grave a finding is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Grade>))]
public enum Grade
{
    /// <summary>As it should be.</summary>
    Well,

    /// <summary>Could not be looked at, because something before it is broken.</summary>
    Skipped,

    /// <summary>Works, but should be mended.</summary>
    Warning,

    /// <summary>Does not work.</summary>
    Broken,
}

/// <summary>What one check of <see cref="Doctor"/> saw.</summary>
/// <param name="Check">What was looked at.</param>
/// <param name="Grade">How it is.</param>
/// <param name="Code">Stable name of the fault; empty where all is well.</param>
/// <param name="Sentence">What was seen; for a fault, also how to mend it.</param>
public sealed record Finding(string Check, Grade Grade, string Code, string Sentence)
{
    private static readonly JsonSerializerOptions JsonForm = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    internal static int ExitCode(IReadOnlyList<Finding> findings) => findings.Max(f => f.Grade) switch
    {
        Grade.Broken => CommandLine.Fault,
        Grade.Warning => CommandLine.Warnings,
        _ => CommandLine.Well,
    };

    internal static string ToJson(IReadOnlyList<Finding> findings) => JsonSerializer.Serialize(findings, JsonForm);

    internal static string ToText(IReadOnlyList<Finding> findings)
    {
        var text = new StringBuilder();
        foreach (var finding in findings)
        {
            var mark = finding.Grade switch { Grade.Well => "ok  ", Grade.Skipped => "-   ", Grade.Warning => "warn", _ => "FAIL" };
            text.Append(mark).Append("  ").Append(finding.Check.PadRight(12));
            if (finding.Code.Length > 0)
                text.Append(finding.Code).Append(": ");
            text.AppendLine(finding.Sentence);
        }

        return text.ToString().TrimEnd();
    }
}
