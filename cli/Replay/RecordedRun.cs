using System.Collections.Immutable;
using System.Runtime.InteropServices;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Replay;

/// <summary>A registered run, as its verified entry describes it: everything that a replay needs but the data.</summary>
/// <param name="Entry">The manifest.</param>
/// <param name="Study">The study.</param>
/// <param name="Constants">The frozen preprocessing constants, canonical JSON.</param>
/// <param name="Rounds">The round records, in order.</param>
/// <param name="SiteMetrics">The sites' own metrics; null where the study asked for none.</param>
internal sealed record RecordedRun(ModelEntry Entry, Study Study, byte[] Constants, ImmutableArray<RecordedRound> Rounds, SiteMetrics? SiteMetrics)
{
    /// <summary>What a simulation writes in place of a site's version; its sites' fingerprints of data are under known keys.</summary>
    private const string Simulation = "simulated";

    /// <summary>The committed steps, in order.</summary>
    public IEnumerable<RecordedStep> Steps => Rounds.SelectMany(round => round.Committed);

    /// <summary>The sites that took part in any step.</summary>
    public ImmutableSortedSet<SiteId> Sites => [.. Steps.SelectMany(step => step.Participants).Select(part => part.Site)];

    /// <summary>The fingerprints that a site's worker key was renewed to, from one that the study names, as far as the record knows.</summary>
    public IEnumerable<Sha256Digest> RenewedFrom(SiteId site, Sha256Digest named) => Rounds.SelectMany(round => round.Renewals.From(site, named)).Select(renewal => renewal.New.Fingerprint);

    /// <summary>The study, of the sites that took part alone: nothing else is needed of a folder with data.</summary>
    public Study OfThoseWhoTookPart => Study with { Federation = Study.Federation with { Sites = [.. Sites] } };

    /// <summary>Whether the run was a simulation.</summary>
    public bool Simulated => Entry.Software == Simulation;

    /// <summary>The steps in which a site took part, each with the least count that its policy let out.</summary>
    public ImmutableDictionary<(RoundNumber Round, StepKind Kind), int> StepsOf(SiteId site) =>
        Steps.SelectMany(step => step.Participants, (step, part) => (step.Id, Part: part)).Where(item => item.Part.Site == site)
            .Reverse().DistinctBy(item => (item.Id.Round, item.Id.Kind)) // an attempt at a masked round that came to nothing may have committed steps: the last counts
            .ToImmutableDictionary(item => (item.Id.Round, item.Id.Kind), item => item.Part.MinimumCell);

    /// <summary>Whether a site told the exact area of the model on its rows, as its policy let it then.</summary>
    public bool TellsArea(SiteId site) => SiteMetrics?.Sites.Any(told => told.Site == site && told.Report.ExactArea is not null) == true;

    /// <summary>What an entry in <paramref name="folder"/>, found to hold, says of its run.</summary>
    public static RecordedRun Of(ModelCheck check, string folder)
    {
        var files = new FileDisk(folder);
        return new(
            check.Entry!, check.Study!, DurableFile.Read(files, ModelFileNames.Constants), check.Rounds,
            files.Exists(ModelFileNames.SiteMetrics) ? SiteMetrics.Read(DurableFile.Read(files, ModelFileNames.SiteMetrics)) : null);
    }

    /// <summary>The study's initial parameters, little-endian float32, held against the record.</summary>
    /// <exception cref="CliException">The run started from others.</exception>
    public byte[] InitialParameters()
    {
        var bytes = MemoryMarshal.AsBytes(ModelPlan.For(Study).InitialParameters().AsSpan()).ToArray();
        var digest = Sha256Digest.Of(bytes);
        return Entry.Initial == digest
            ? bytes
            : throw new CliException(ExitCode.NotVerified, $"The run cannot be replayed: it started from the parameters {Entry.Initial}; the study's own are {digest} with this version.");
    }

    /// <summary>Differences of version and processor between the record and this program, each a sentence.</summary>
    /// <param name="software">This coordinator's version.</param>
    /// <param name="siteSoftware">This worker's version.</param>
    /// <param name="capability">This trainer's capability.</param>
    public IEnumerable<string> Warnings(string software, string siteSoftware, string capability)
    {
        if (!Simulated && Entry.Software != software)
            yield return $"The coordinator ran version {Entry.Software}; this is {software}.";
        foreach (var group in Differing(part => part.Software == siteSoftware || part.Software == Simulation, part => part.Software))
            yield return $"{group.Sites} ran version {group.Value}; this is {siteSoftware}.";
        foreach (var group in Differing(part => part.Capability == capability, part => part.Capability, StepKind.Training))
        {
            var alike = Wide(group.Value) && Wide(capability) && Threads(group.Value) == Threads(capability);
            yield return $"{group.Sites} trained with the processor capability {group.Value}; this is {capability}. {(alike ? "avx2 and avx512 give the same bits." : "Other capabilities may differ in the last bits.")}";
        }

        static bool Wide(string capability) => capability.Split(';')[0] is "avx2" or "avx512";
        static string Threads(string capability) => capability[(capability.IndexOf(';') + 1)..];
    }

    private IEnumerable<(string Sites, string Value)> Differing(Func<RecordedParticipant, bool> same, Func<RecordedParticipant, string> of, StepKind? kind = null) =>
        from step in Steps
        where kind is null || step.Id.Kind == kind
        from part in step.Participants
        where !same(part)
        group part.Site by of(part) into sites
        orderby sites.Key
        select (string.Join(", ", sites.Distinct().Order()), sites.Key);
}
