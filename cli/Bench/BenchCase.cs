using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Bench;

/// <summary>One federation to be measured.</summary>
/// <param name="Sites">How many sites.</param>
/// <param name="Megabytes">Size of the model: millions of bytes of float32 parameters.</param>
/// <param name="Rounds">How many rounds.</param>
internal sealed record BenchCase(int Sites, int Megabytes, int Rounds)
{
    /// <summary>How updates are summed, as the study says it.</summary>
    public Aggregation Aggregation { get; init; } = Aggregation.Plain;

    /// <summary>Bits of a coordinate of an update. With 24, a masked sum of few sites fits words of 32 bits; with 32 it takes 64.</summary>
    public int Bits { get; init; } = 32;

    /// <summary>Most rounds that a site's default policy lets one study have.</summary>
    public const int MostRounds = 200;

    /// <summary>Most megabytes: a release with 32 bits per value is one array.</summary>
    public const int MostMegabytes = 1000;

    /// <summary>What is measured where nothing is asked for.</summary>
    public static IReadOnlyList<BenchCase> Series(int? rounds) =>
        [Of(4, 1, rounds), Of(4, 10, rounds), Of(16, 10, rounds), Of(4, 100, rounds), Of(16, 100, rounds)];

    /// <summary>A case; without a number of rounds, as many as a size is worth.</summary>
    public static BenchCase Of(int sites, int megabytes, int? rounds) =>
        new(sites, megabytes, rounds ?? (megabytes < 10 ? 20 : megabytes < 100 ? 10 : 5));

    /// <summary>How many values the model has.</summary>
    public int Parameters => Megabytes * (1_000_000 / sizeof(float));

    /// <summary>What a round shall take at most, in seconds; null where nothing is promised.</summary>
    public double? Bar => Aggregation != Aggregation.Plain ? (Aggregation, Sites, Megabytes) == (Aggregation.Secure, 4, 1) ? 0.08 : null : (Sites, Megabytes) switch
    {
        (4, 1) => 0.025,
        (4, 10) => 0.15,
        (16, 10) => 0.6,
        (4, 100) => 2.5,
        _ => null,
    };

    /// <summary>For people: <c>4 x 1 MB</c>.</summary>
    public override string ToString() => $"{Sites} x {Megabytes} MB{(Aggregation == Aggregation.Plain ? "" : $", {Aggregation.Word()}")}{(Bits == 32 ? "" : $", {Bits} bits")}";
}
