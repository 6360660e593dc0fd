using System.CommandLine;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Members;

/// <summary>What <c>fcml site</c> and <c>fcml person</c> have in common: inviting and revoking a member.</summary>
internal static class MemberVerbs
{
    public static Argument<string> NameArgument(string whose) => new("name")
    {
        Description = $"The {whose} name: {Name.Rule}.",
        Validators =
        {
            result =>
            {
                if (!Name.IsName(result.Tokens.Single().Value))
                    result.AddError($"'{result.Tokens.Single().Value}' is not a name: {Name.Rule}.");
            },
        },
    };

    public static Option<uint> ValidHours() => new("--valid-hours")
    {
        Description = "Hours until the invitation expires.",
        DefaultValueFactory = _ => 72,
    };

    public static Option<FileInfo?> OutputFile() => new("--out")
    {
        Description = "Write the invitation to this file, readable by you alone, instead of printing it.",
    };

    public static async Task<ExitCode> InviteAsync(ParseResult parsed, Terminal terminal, Subject subject, uint validHours, FileInfo? file, string redeemWith, TimeProvider time, CancellationToken cancel)
    {
        using var connection = Connection.Open(parsed, time);
        var reply = await connection.AskAsync(admin => admin.InviteAsync(new InviteRequest { Subject = subject, ValidHours = validHours }, cancellationToken: cancel), cancel);
        var expires = DateTimeOffset.FromUnixTimeSeconds(reply.ExpiresUnixSeconds);
        if (file is not null)
            WritePrivately(file.FullName, reply.Invitation);
        terminal.Say($"Invitation for [bold]{subject.Name.EscapeMarkup()}[/], good once until {expires:u}. Whoever holds it can enrol: pass it on privately; it is redeemed with '{redeemWith}'.");
        terminal.Say(file is null ? reply.Invitation.EscapeMarkup() : $"Written to {file.FullName.EscapeMarkup()}.");
        terminal.Emit("invitation", new { subject.Name, role = subject.Role, invitation = file is null ? reply.Invitation : null, file = file?.FullName, expires });
        return ExitCode.Success;
    }

    public static async Task<ExitCode> RevokeAsync(ParseResult parsed, Terminal terminal, Subject subject, TimeProvider time, CancellationToken cancel)
    {
        using var connection = Connection.Open(parsed, time);
        await connection.AskAsync(admin => admin.RevokeAsync(new RevokeRequest { Subject = subject }, cancellationToken: cancel), cancel);
        terminal.Say($"[bold]{subject.Name.EscapeMarkup()}[/] is revoked: its certificates are refused from now on, and its open connections were ended.");
        terminal.Emit("revoked", new { subject.Name });
        return ExitCode.Success;
    }

    private static void WritePrivately(string path, string text)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var writer = new StreamWriter(path, options);
        writer.WriteLine(text);
    }
}
