using System.Collections.Immutable;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Simulation;

/// <summary>What a site of a simulation computes from, as a worker reads it; nobody has opted out.</summary>
/// <param name="cohorts">Its rows.</param>
/// <param name="secret">Its secret, made of its name: the same data have the same fingerprint in every simulation.</param>
internal sealed class SiteRows(CohortCache cohorts, SiteSecret secret)
{
    private readonly ExclusionList _nobody = new(secret, []);

    /// <summary>The secret of a simulated site.</summary>
    public static SiteSecret SecretOf(SiteId site) => new(Sha256Digest.Of(System.Text.Encoding.UTF8.GetBytes(site.Value)).Span);

    /// <summary>Each site's rows in a folder: of files or, where the study has a cohort, of exports, which are imported.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="study">Names the sites; where it does not, whatever sites the folder has.</param>
    /// <param name="scratch">A folder for what has to be made; removed by whoever made it.</param>
    /// <param name="time">When imports are made.</param>
    /// <param name="terminal">Hears of imports.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="CliException">Something is not there, or not as it must be.</exception>
    public static ImmutableSortedDictionary<SiteId, SiteRows> Find(string folder, Study study, string scratch, TimeProvider time, Terminal terminal, CancellationToken cancel)
    {
        if (!Directory.Exists(folder))
            throw new CliException(ExitCode.Usage, $"The folder '{folder}' of --data is not there.");
        return study.Data.Cohort is null
            ? SiteFiles.Find(folder, study, scratch).ToImmutableSortedDictionary(site => site.Key, site => SiteFiles.Rows(site.Key, site.Value, study))
            : new SiteExports(scratch, time).Import(folder, study, terminal, cancel);
    }

    /// <summary>A worker's computer over them.</summary>
    public IStepComputer Computer(ITrainer trainer, SampleOrder? order = null) => new SiteStepComputer(cohorts, trainer, order is null ? null : (_, _) => order);

    /// <summary>The rows that a study sees.</summary>
    /// <exception cref="CliException">They cannot be read.</exception>
    public SiteData Read(Study study)
    {
        try
        {
            return cohorts.Load(study, _nobody);
        }
        catch (StepDeclinedException fault)
        {
            throw new CliException(ExitCode.InvalidInput, fault.Message, fault);
        }
    }

    /// <summary>Why the site takes no part in rounds of a study; null: it does.</summary>
    public string? KeptOut(Study study) => Read(study)
        .Check(SimulatedFederation.OpenPolicy.Policy!, study, ModelPlan.For(study), _nobody).Select(found => found.Finding).FirstOrDefault(finding => !finding.Passed)?.Sentence;
}
