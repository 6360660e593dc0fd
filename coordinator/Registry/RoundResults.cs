using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>
/// What there is of an entry's rounds besides its files: of each round its parameters, the sum that they were made of and its evaluation, and of an encrypted round the members' contributions to its key, without
/// which no worker can encrypt its update again. Nothing else that the records name is handed out: a masked sum lacks noise that the coordinator is yet to add, and a threshold of workers with their shares could
/// take its masks off.
/// </summary>
public static class RoundResults
{
    /// <summary>Their folder, beside the entry's files: <c>results/&lt;sha256&gt;</c>.</summary>
    public const string Folder = "results";

    /// <summary>Their digests, in the order of the rounds.</summary>
    /// <param name="study">The study.</param>
    /// <param name="rounds">The entry's own round records.</param>
    public static IEnumerable<Sha256Digest> Of(Study study, IEnumerable<RecordedRound> rounds) =>
        rounds.SelectMany(round => new[] { round.ParametersFrom(study)?.Sum, round.ParametersFrom(study)?.Result }
            .Concat(round.Committed.Where(step => step.Id.Kind is StepKind.KeyMaking or StepKind.Evaluation).Select(step => step.Result))).OfType<Sha256Digest>().Distinct();

    /// <summary>The name of a result among an entry's files.</summary>
    public static string NameOf(Sha256Digest digest) => $"{Folder}/{digest}";

    /// <summary>The result that a file's name is of.</summary>
    public static bool TryRead(string file, out Sha256Digest digest)
    {
        ArgumentNullException.ThrowIfNull(file);
        digest = default;
        return file.StartsWith(Folder + "/", StringComparison.Ordinal) && Sha256Digest.TryParse(file[(Folder.Length + 1)..], out digest) && file == NameOf(digest);
    }
}
