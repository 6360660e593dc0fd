using System.Collections.Immutable;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>One way in which a resource of an export is not what FHIR R4 asks for.</summary>
/// <param name="File">Name of its file.</param>
/// <param name="Line">Its line there, from 1.</param>
/// <param name="Issue">Where in it, and what.</param>
public sealed record FhirExportIssue(string File, long Line, FhirIssue Issue);

/// <summary>What validation found in an export.</summary>
/// <param name="Checked">Resources that were looked at.</param>
/// <param name="Faulty">Those with an issue.</param>
/// <param name="Issues">The first <see cref="FhirExportValidation.ShownIssues"/> issues, in the order in which the export is read.</param>
public sealed record FhirExportReport(long Checked, long Faulty, ImmutableArray<FhirExportIssue> Issues);

/// <summary>
/// Holds the resources of a bulk export against FHIR R4, each by <see cref="FhirValidation"/>: for whoever makes the export. The import does not ask for it, and takes or
/// refuses a resource for reasons of its own.
/// </summary>
public static class FhirExportValidation
{
    /// <summary>Most issues that are listed; all are counted.</summary>
    public const int ShownIssues = 10_000;

    /// <summary>Looks at the files that an import reads.</summary>
    /// <param name="folder">The export's folder.</param>
    /// <param name="limits">What a file may ask of this machine.</param>
    /// <param name="perFile">How many resources of each file, from its beginning; null: all.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="DatasetException">The export cannot be read at all.</exception>
    public static FhirExportReport Check(string folder, FhirLimits limits, long? perFile, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(limits);
        var run = new Run(limits, perFile ?? long.MaxValue);
        foreach (var (_, name) in FhirFiles.In(folder).Read)
            run.CheckFile(name, Path.Combine(folder, name), cancel);
        return new FhirExportReport(run.Checked, run.Faulty, [.. run.Issues]);
    }

    private sealed class Run(FhirLimits limits, long perFile)
    {
        public long Checked { get; private set; }

        public long Faulty { get; private set; }

        public List<FhirExportIssue> Issues { get; } = [];

        public void CheckFile(string name, string path, CancellationToken cancel)
        {
            using var bytes = new NdjsonBytes(path, limits);
            using var lines = new NdjsonLines(bytes, limits.LongestLine);
            var left = perFile;
            for (; left > 0 && lines.TryNext(out var line, out var isTooLong); cancel.ThrowIfCancellationRequested())
            {
                if (!isTooLong && !line.ContainsAnyExcept(" \t\r"u8))
                    continue;
                left--;
                Count(name, lines.Number, isTooLong ? [new FhirIssue("", "too-long")] : FhirValidation.Check(line));
            }

            if (left > 0 && bytes.Fault is not null)
                Count(name, lines.Number, [new FhirIssue("", "incomplete")]);
        }

        private void Count(string name, long line, ImmutableArray<FhirIssue> issues)
        {
            Checked++;
            Faulty += issues.IsEmpty ? 0 : 1;
            Issues.AddRange(issues.Take(ShownIssues - Issues.Count).Select(issue => new FhirExportIssue(name, line, issue)));
        }
    }
}
