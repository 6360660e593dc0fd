namespace FederatedClinicalMl.Cli.Bench;

/// <summary>What was measured of one <see cref="BenchCase"/>.</summary>
/// <param name="Case">What was run.</param>
/// <param name="Round">Milliseconds of a round.</param>
/// <param name="FirstRoundSeconds">From the launch of the first process to the commit of the first round, as its watcher saw it.</param>
/// <param name="Warm">Processor time between the commits of the first and the last round; null where there was one round.</param>
/// <param name="Total">Processor time and peak memory at the end of the run.</param>
/// <param name="DownBytes">Parameters that one site gets in a round, in bytes; heads and TLS come on top.</param>
/// <param name="UpBytes">Payload that one site sends in a round, in bytes; heads, frames and TLS come on top.</param>
/// <param name="EventsPerRound">Events in the run's journal, for each round.</param>
/// <param name="CommitsPerRound">Commits of the journal, for each round.</param>
/// <param name="Syncs">Syncs of the whole run, where they were counted; the times are then not to be believed.</param>
internal sealed record RoundFigures(
    BenchCase Case, Spread Round, double FirstRoundSeconds, Usage? Warm, Usage Total, long DownBytes, long UpBytes, double EventsPerRound, double CommitsPerRound, Syncs? Syncs);
