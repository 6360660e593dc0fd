using System.Collections.Immutable;
using System.Globalization;
using FederatedClinicalMl.Cli;
using FederatedClinicalMl.Cli.Simulation;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Cli.Simulation;

/// <summary>Two rows of each of forty patients at every site of <see cref="PrivateStudyText"/>, and what computes from them in production.</summary>
internal sealed class PrivateRows : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public PrivateRows()
    {
        foreach (var (number, site) in PrivateStudyText.Of(1).Federation.Sites.Index())
            File.WriteAllLines(FileOf(site), Rows(number));
    }

    public string FileOf(SiteId site) => _folder.Of($"{site}.csv");

    public ImmutableSortedDictionary<SiteId, SiteRows> Sites(Study study) =>
        SiteRows.Find(_folder.Path, study, _folder.Of("scratch"), TimeProvider.System, Terminal.Silent, TestContext.Current.CancellationToken);

    public Func<SiteId, IStepComputer> Real(Study study)
    {
        var sites = Sites(study);
        return site => sites[site].Computer(new NoTrainer());
    }

    public void Dispose() => _folder.Dispose();

    private static IEnumerable<string> Rows(int site)
    {
        yield return "id,age,ill,part";
        for (var row = 0; row < 80; row++)
        {
            var age = 30 + (((row * 37) + (site * 11)) % 60);
            yield return string.Create(CultureInfo.InvariantCulture, $"{row / 2},{age},{(age + (row % 7) > 62 ? 1 : 0)},{(row % 8 < 6 ? "train" : "test")}");
        }
    }

    private sealed class NoTrainer : ITrainer
    {
        public string Capability => throw new InvalidOperationException("Private training has its own.");

        public float[] Train(TrainingWork work, ReadOnlySpan<float> parameters, CancellationToken cancel) => throw new InvalidOperationException("Private training has its own.");
    }
}
