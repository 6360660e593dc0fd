using System.CommandLine;
using FederatedClinicalMl.Cli.Features;
using FederatedClinicalMl.Studies;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Studies;

/// <summary><c>fcml study check</c>: reports every fault of a protocol at once; needs no coordinator.</summary>
internal static class CheckVerb
{
    public static Verb Create()
    {
        var file = StudyFile.Argument();
        return new Verb("check", "Check a study protocol and report every fault at once. Needs no coordinator.", "fcml study check heart-disease.yaml", "fcml study check heart-disease.yaml --json")
        {
            file,
        }.Does((parsed, terminal, _) => Task.FromResult(Run(parsed.GetRequiredValue(file), terminal)));
    }

    private static ExitCode Run(FileInfo file, Terminal terminal)
    {
        var (check, library) = StudyFile.Check(file);
        if (check.Study is { } study && library.IsEmpty)
        {
            terminal.Say($"[green]{file.Name.EscapeMarkup()} has no faults.[/] Study [bold]{study.Name.EscapeMarkup()}[/], digest {study.Digest}.");
            if (study.Federation is { IsMasked: true, Keys.IsEmpty: true })
                terminal.Say("Its updates are summed under masks, and it names no worker keys yet: 'fcml study submit' fills them in, so that the digest which stewards approve is another.");
            terminal.Emit("study", new { file = file.FullName, study.Name, digest = study.Digest.ToString() });
            Advise(file, study, terminal);
            return ExitCode.Success;
        }

        FeatureFolder.Show(library, terminal);
        foreach (var fault in check.Faults)
        {
            terminal.Say($"{file.Name.EscapeMarkup()}:{fault.Line}:{fault.Column} [yellow]{fault.Path.EscapeMarkup()}[/]: {fault.Message.EscapeMarkup()}");
            terminal.Emit("fault", new { file = file.FullName, fault.Line, fault.Column, fault.Path, fault.Message });
        }

        var count = check.Faults.Count + library.Length;
        var where = library.IsEmpty ? file.FullName : $"{file.FullName} with the definitions beside it";
        throw new CliException(ExitCode.InvalidInput, $"{where} has {count} {(count == 1 ? "fault" : "faults")}, listed above with line and column; mend them and check again.");
    }

    private static void Advise(FileInfo file, Study study, Terminal terminal)
    {
        if (SubgroupAdvice.For(study) is not { } advice)
            return;
        terminal.Say($"[yellow]Advice, and no fault:[/] {advice.Sentence.EscapeMarkup()}{(advice.Lines.IsEmpty ? "" : $" To have it told, add to 'evaluation.subgroups':{string.Concat(advice.Lines.Select(line => $"\n  {line.EscapeMarkup()}"))}")}");
        terminal.Emit("advice", new { file = file.FullName, path = "evaluation.subgroups", message = advice.Sentence, lines = advice.Lines });
    }
}
