using System.CommandLine;
using System.Text;
using FederatedClinicalMl.Protos.Steward;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary><c>site-worker studies show</c>: the steward's page of a study, and the study itself.</summary>
internal static class ShowCommand
{
    public static Command Create()
    {
        var (data, json, digest) = (CommandLine.Data(), CommandLine.Json(), new Argument<string>("digest") { Description = "Digest, or a prefix that names one study." });
        var html = new Option<FileInfo>("--html") { Description = "Also writes the page as one file for a browser, to be printed and filed." };
        var command = new Command("show", "Shows what a study asks of this site: what will leave, how often, hidden from whom, at what cost, and what is not protected.") { digest, data, html, json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var channel = new StewardChannel(CommandLine.Folder(parsed, data));
            var reply = await channel.Client.ShowStudyAsync(new StudyRequest { Digest = parsed.GetRequiredValue(digest) }, cancellationToken: cancel);
            if (reply.Page is null)
                throw new WorkerSetupException("The worker that runs is an older version than this command, and has no page of a study: restart it.");
            var page = PageDesk.Read(reply.Page);
            if (parsed.GetValue(html) is { } file)
            {
                await using var stream = PrivateFile.Create(file.FullName);
                await stream.WriteAsync(Encoding.UTF8.GetBytes(PageHtml.Of(page)), cancel);
            }

            return CommandLine.Print(parsed.GetValue(json), reply, writer =>
            {
                writer.Write(PageText.Of(page));
                writer.WriteLine($"\nSHA-256 of this page: {page.Digest}\n\nThe study, every byte of it:\n{PageText.Escape(reply.CanonicalJson)}");
            });
        });
        return command;
    }
}
