using System.CommandLine;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Google.Protobuf;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Studies;

/// <summary><c>fcml study submit</c>: signs a checked protocol with the submitter's own key and sends it.</summary>
internal static class SubmitVerb
{
    public static Verb Create(TimeProvider time)
    {
        var file = StudyFile.Argument();
        return new Verb("submit", "Check a study protocol, sign it with your certificate's key, and offer it to the sites' stewards.", "fcml study submit heart-disease.yaml")
        {
            file,
        }.Does(async (parsed, terminal, cancel) =>
        {
            var path = parsed.GetRequiredValue(file);
            using var connection = Connection.Open(parsed, time);
            var study = await MemberKeys.NameAsync(connection, StudyFile.Read(path), cancel);
            MemberKeys.Show(study, terminal);
            var digest = await SubmitAsync(connection, await File.ReadAllTextAsync(path.FullName, cancel), study, cancel);
            terminal.Say($"Submitted. Digest [bold]{digest.EscapeMarkup()}[/]: this is what each site's steward approves ('site-worker studies approve {digest[..12]}...').");
            terminal.Emit("submitted", new { digest });
            return ExitCode.Success;
        });
    }

    /// <summary>Signs and submits a study whose members are named, where they have to be; gives the digest.</summary>
    public static async Task<string> SubmitAsync(Connection connection, string yaml, Study study, CancellationToken cancel)
    {
        using var ecdsa = connection.Identity.Certificate.GetECDsaPrivateKey() ?? throw new CliException(ExitCode.Usage, "The identity's certificate has no ECDSA key; enrol again.");
        using var key = SigningKey.FromPem(ecdsa.ExportPkcs8PrivateKeyPem());
        var signed = new SignedStudy
        {
            Canonical = ByteString.CopyFrom(study.Canonical.Span),
            Signature = ByteString.CopyFrom(key.Sign(SignatureContext.Study, study.Canonical.Span)),
            Certificate = ByteString.CopyFrom(connection.Identity.Certificate.RawData),
            Yaml = yaml,
        };
        var reply = await connection.AskAsync(admin => admin.SubmitStudyAsync(new SubmitStudyRequest { Study = signed }, cancellationToken: cancel), cancel);
        return reply.Digest;
    }
}
