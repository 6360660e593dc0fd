using FederatedClinicalMl.Cli.Studies;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Demo;

/// <summary>The study that a demo runs.</summary>
/// <param name="File">Where it stands.</param>
/// <param name="Yaml">Its text.</param>
/// <param name="Study">What it says.</param>
internal sealed record DemoStudy(FileInfo File, string Yaml, Study Study)
{
    /// <summary>Reads the study that was named, else the example over the data, which is laid down in <paramref name="folder"/>.</summary>
    /// <exception cref="CliException">It is not valid, or not one over these data.</exception>
    public static DemoStudy Read(FileInfo? named, string aggregation, DemoPrivacy? privacy, IDemoData data, string folder)
    {
        var example = privacy is null ? data.Study : DemoPrivacy.ExampleOf(data.Study);
        var file = named ?? new FileInfo(Path.Combine(folder, example));
        if (named is null)
            System.IO.File.WriteAllText(file.FullName, Summed(Example(example), aggregation));
        var study = StudyFile.Read(file);
        if (privacy is not null)
        {
            System.IO.File.WriteAllText(file.FullName, privacy.WithNoise(System.IO.File.ReadAllText(file.FullName), study));
            study = StudyFile.Read(file);
        }

        if (study.Data.Cohort is not null != data.IsEvents)
        {
            throw new CliException(ExitCode.Usage, data.IsEvents
                ? $"{file.FullName} is over a table, and these data are events: the study needs a cohort, as {data.Study} has."
                : $"{file.FullName} is over events, and these data are a table: the study needs a label and no cohort, as {data.Study} has.");
        }

        var sites = data.Settings(study).Select(site => site.Name).ToArray();
        var strangers = study.Federation.Sites.Where(site => !sites.Contains(site.Value)).ToArray();
        return strangers.Length == 0
            ? new DemoStudy(file, System.IO.File.ReadAllText(file.FullName), study)
            : throw new CliException(ExitCode.Usage, $"{file.FullName} invites {string.Join(", ", strangers)}; the hospitals of these data are {string.Join(", ", sites)}. Correct federation.sites.");
    }

    // An encrypted sum needs every one of the examples' four sites, and has 48 bits at the most: a cap of weights that these sites do not meet leaves room for them.
    private static string Summed(string example, string aggregation)
    {
        var isEncrypted = aggregation.StartsWith("encrypted", StringComparison.Ordinal);
        return example.Replace("\n  quorum: 3\n", isEncrypted ? "\n  quorum: 4\n" : "\n  quorum: 3\n", StringComparison.Ordinal)
            .Replace("\nfederation:\n", $"\nfederation:\n  aggregation: {aggregation}\n{(isEncrypted ? "  maximum-weight: 8000\n" : "")}", StringComparison.Ordinal);
    }

    private static string Example(string name)
    {
        using var resource = typeof(DemoStudy).Assembly.GetManifestResourceStream(name)
            ?? throw new CliException(ExitCode.Usage, $"There is no example over these data under differential privacy ({name}): leave --privacy out, or declare it in a study of your own, with --study.");
        using var reader = new StreamReader(resource);
        return reader.ReadToEnd();
    }
}
