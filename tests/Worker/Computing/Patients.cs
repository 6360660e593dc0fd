using System.Collections.Immutable;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Coordinator;
using FederatedClinicalMl.Tests.Learning;
using Google.Protobuf;
using Kind = FederatedClinicalMl.Protos.WorkerPort.StepOrder.Types.Kind;

namespace FederatedClinicalMl.Tests.Worker.Computing;

/// <summary>Made-up rows in a file, a study that reads them, and what computes from them. The patient of row i is <c>patient-i</c>.</summary>
internal sealed class Patients : IDisposable
{
    private const string Header = "id,age,outcome,part";

    private readonly TemporaryFolder _folder = new();
    private int _version;

    /// <summary>Training rows, and test rows of either outcome.</summary>
    public Patients(int training = 20, int negatives = 5, int positives = 5)
    {
        Rows =
        [
            .. Enumerable.Range(0, training).Select(i => $"patient-{i},{40 + i},{i % 2},train"),
            .. Enumerable.Range(training, negatives).Select(i => $"patient-{i},{40 + (i % 7)},0,test"),
            .. Enumerable.Range(training + negatives, positives).Select(i => $"patient-{i},{70 + (i % 7)},1,test"),
        ];
        Write();
    }

    /// <summary>A study of one feature, of which the protocol gives the constants.</summary>
    public static Study Study { get; } = StudyOf("{name: age, range: [0, 120], missing: mean, constants: {mean: 60, sd: 10}}");

    /// <summary>The same where the constants are to be learned.</summary>
    public static Study OpenStudy { get; } = StudyOf("{name: age, range: [0, 120], missing: mean}");

    /// <summary>A study that names no column of patients, so that nobody can be left out of it.</summary>
    public static Study NamelessStudy { get; } = StudyText.Of("{name: age, range: [0, 120], missing: mean}", split: "{column: part}");

    /// <summary>Lines of the file, without its header; <see cref="Write"/> puts them there.</summary>
    public List<string> Rows { get; }

    public string File => _folder.Of("rows.csv");

    /// <summary>The site's map of datasets.</summary>
    public DatasetMap Map { get; set; } = DatasetMap.OfTables([]);

    /// <summary>What computes from these rows.</summary>
    public SiteStepComputer Computer() => new(Cache(), new FakeTrainer());

    /// <summary>Reads these rows.</summary>
    public CohortCache Cache() => new(() => Map, CohortCache.NoEvents, Site.Secret);

    /// <summary>Writes the file anew, at another time than before.</summary>
    public void Write()
    {
        System.IO.File.WriteAllLines(File, [Header, .. Rows]);
        System.IO.File.SetLastWriteTimeUtc(File, DateTime.UnixEpoch.AddDays(++_version));
        Map = DatasetMap.OfTables(ImmutableDictionary<string, DatasetSource>.Empty.Add("test", new DatasetSource(File, DatasetFormat.Csv, true, [], ',', [""])));
    }

    /// <summary>An order of an honest coordinator for <see cref="Study"/>, or of the preparation of <see cref="OpenStudy"/>.</summary>
    public static StepOrder Order(Site site, Kind kind, int round = 1, int attempt = 1, string run = Site.Run) => kind == Kind.Preparation
        ? Site.Order(kind, study: OpenStudy, run: run)
        : new StepOrder(Site.Order(kind, round, attempt, run, Study))
        {
            ParametersDigest = site.PutParameters(0.5f, -0.25f),
            Constants = ByteString.CopyFrom(PreprocessingConstants.Freeze(Study, null).Canonical.Span),
        };

    public void Dispose() => _folder.Dispose();

    private static Study StudyOf(string feature) => StudyText.Of(feature, split: "{column: part}", patient: "id");
}
