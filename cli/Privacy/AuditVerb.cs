using System.CommandLine;
using FederatedClinicalMl.Privacy;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Privacy;

/// <summary><c>fcml privacy audit</c>: attacks private training, as it ships and with planted bugs, and holds what the attack proves against the accountant's claim.</summary>
internal static class AuditVerb
{
    public static Verb Create()
    {
        var seed = new Option<long>("--seed") { Description = "Another simulation: other coins, draws and noise.", DefaultValueFactory = _ => 1 };
        return new Verb(
            "audit",
            "Attack private training in a simulation over made-up patients, and hold what the attack proves against what the accountant claims.",
            "fcml privacy audit",
            "fcml privacy audit --seed 7 --json")
        {
            seed,
        }.Does((parsed, terminal, cancel) => Task.FromResult(Run(AuditedMechanism.All, parsed.GetValue(seed), terminal, cancel)));
    }

    internal static ExitCode Run(IReadOnlyList<AuditedMechanism> mechanisms, long seed, Terminal terminal, CancellationToken cancel)
    {
        var claim = AuditedTraining.Claim();
        var table = new Table().AddColumns("mechanism", "claimed epsilon", "proved at least", "right guesses", "verdict");
        var wrong = new List<string>();
        foreach (var mechanism in mechanisms)
        {
            var guesses = PrivacyAudit.Run(mechanism, seed, cancel);
            var bound = guesses.Epsilon(AuditedTraining.Delta, AuditedTraining.Significance);
            var isAbove = bound > claim;
            if (isAbove != mechanism.IsPlanted)
                wrong.Add(mechanism.Name);
            table.AddRow(mechanism.Name, $"{claim:0.00}", $"{bound:0.00}", $"{guesses.Right} of {guesses.Guesses}", VerdictOn(mechanism, isAbove));
            terminal.Emit("audit", new { mechanism = mechanism.Name, planted = mechanism.IsPlanted, claim, bound, guesses.Canaries, guesses.Guesses, guesses.Right, aboveClaim = isAbove });
        }

        terminal.Show(table);
        terminal.Say($"{AuditedTraining.Canaries} canaries, {AuditedTraining.Steps} steps, delta {AuditedTraining.Delta:0e+0}; each bound holds with 95 % confidence. Seed {seed}.");
        return wrong.Count == 0 ? ExitCode.Success : throw new CliException(
            ExitCode.NotVerified,
            $"Wrong verdict on: {string.Join(", ", wrong)}. A claim that is exceeded is not kept; a planted bug that is missed leaves this audit without power. Either can happen by chance: try other seeds, and if it stays, report it.");
    }

    private static string VerdictOn(AuditedMechanism mechanism, bool isAbove) => (mechanism.IsPlanted, isAbove) switch
    {
        (false, false) => "[green]within the claim[/]",
        (false, true) => "[red]claim broken[/]",
        (true, true) => "[green]bug found[/]",
        (true, false) => "[red]bug missed[/]",
    };
}
