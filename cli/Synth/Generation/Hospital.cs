using System.Collections.Frozen;
using System.Globalization;

namespace FederatedClinicalMl.Cli.Synth;

/// <summary>A hospital: whom it sees, how it measures, what it fails to measure.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Age">Mean age of its patients.</param>
/// <param name="Severity">How ill they are on average, in standard deviations.</param>
/// <param name="Diabetes">Added to the logit of diabetes.</param>
/// <param name="Testing">Added to the logit of every laboratory test: some hospitals test less.</param>
/// <param name="BySubstance">Whether its laboratory reports glucose, creatinine and cholesterol in moles.</param>
/// <param name="LocalCodes">Whether its laboratory has codes of its own for some tests.</param>
/// <param name="Drift">What changes from a day on; null: nothing.</param>
internal sealed record Hospital(
    int Number, double Age, double Severity, double Diabetes, double Testing, bool BySubstance, bool LocalCodes, Drift? Drift)
{
    private static readonly (double Age, double Severity, double Diabetes, double Testing)[] s_kinds =
    [
        (62, -0.1, -0.1, 0.4), // a general hospital
        (66, 0.2, 0.3, -0.2), // a poorer town's
        (58, 0.0, -0.3, 0.0), // a young city's
        (70, 0.3, 0.2, -0.5), // a rural one
    ];

    private static readonly FrozenDictionary<SynthCode, SynthCode> s_local =
        new[] { (Code: "LAB-0117", Of: Codes.Hba1c), (Code: "LAB-0412", Of: Codes.Creatinine), (Code: "LAB-0633", Of: Codes.CReactiveProtein) }
            .ToFrozenDictionary(pair => pair.Of, pair => new SynthCode(SynthCode.Local, pair.Code, 0, "Measurement", pair.Of.Name));

    /// <summary>As folders and studies name it.</summary>
    public string Name => string.Create(CultureInfo.InvariantCulture, $"site-{Number}");

    /// <summary>Numbers of its departments.</summary>
    public IReadOnlyList<int> Organisations => [(Number * 100) + 1, (Number * 100) + 2, (Number * 100) + 3];

    /// <summary>Its own codes, and what they mean.</summary>
    public IEnumerable<(SynthCode Local, SynthCode Standard)> LocalMeanings =>
        LocalCodes ? s_local.Select(pair => (pair.Value, pair.Key)).OrderBy(pair => pair.Value.Code, StringComparer.Ordinal) : [];

    /// <summary>The hospital of a number. It depends on the seed and the number alone, not on how many there are.</summary>
    public static Hospital Of(long seed, int number, Drift? drift)
    {
        var kind = s_kinds[(number - 1) % s_kinds.Length];
        var draws = Draws.Of(seed, number, "hospital");
        return new Hospital(
            number, kind.Age + (1.5 * draws.Normal()), kind.Severity + (0.1 * draws.Normal()), kind.Diabetes + (0.1 * draws.Normal()), kind.Testing + (0.1 * draws.Normal()),
            BySubstance: number % 2 == 0, LocalCodes: number % 4 == 3, drift);
    }

    /// <summary>A code as its laboratory writes it.</summary>
    public SynthCode Write(SynthCode code) => LocalCodes ? s_local.GetValueOrDefault(code, code) : code;
}

/// <summary>What changes at a hospital from a day on: one assay, the prevalence of one disease, the frequency of one test.</summary>
/// <param name="From">The day.</param>
internal sealed record Drift(DateTime From)
{
    /// <summary>By this every creatinine result is multiplied: another assay.</summary>
    public const double CreatinineFactor = 1.3;

    /// <summary>Added to the logit of chronic obstructive lung disease of patients whose stay begins after the day.</summary>
    public const double LungDiseaseLogit = 1.5;

    /// <summary>By this the probability of a cholesterol test is multiplied.</summary>
    public const double CholesterolTesting = 0.25;

    /// <summary>The day on which it begins where nothing else is said.</summary>
    public static Drift Planned { get; } = new(new DateTime(2018, 1, 1, 0, 0, 0, DateTimeKind.Utc));
}
