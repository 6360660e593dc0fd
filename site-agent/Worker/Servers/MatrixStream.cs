using System.IO.Pipelines;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Protos.Steward;
using Google.Protobuf;
using Grpc.Core;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>Sends a training matrix while it is written: no file of it lies in the worker's folder, and memory holds the rows once.</summary>
internal static class MatrixStream
{
    /// <summary>Sends the head, then the file's bytes.</summary>
    public static async Task SendAsync(TrainingMatrix matrix, IServerStreamWriter<MatrixPart> parts, CancellationToken cancel)
    {
        await parts.WriteAsync(new MatrixPart { Head = HeadOf(matrix) }, cancel);
        var pipe = new Pipe();
        var writing = WriteAsync();
        try
        {
            for (var isWhole = false; !isWhole;)
            {
                var read = await pipe.Reader.ReadAsync(cancel);
                foreach (var bytes in read.Buffer)
                    await parts.WriteAsync(new MatrixPart { Content = ByteString.CopyFrom(bytes.Span) }, cancel);
                pipe.Reader.AdvanceTo(read.Buffer.End);
                isWhole = read.IsCompleted;
            }
        }
        finally
        {
            await pipe.Reader.CompleteAsync(); // or the writing would wait for whoever has gone
        }

        await writing; // where it broke off, so does the call

        async Task WriteAsync()
        {
            await using var stream = pipe.Writer.AsStream();
            await matrix.WriteAsync(stream, cancel);
        }
    }

    private static MatrixHead HeadOf(TrainingMatrix matrix) => new()
    {
        Study = matrix.Study.Digest.ToString(),
        Fingerprint = matrix.Fingerprint.ToString(),
        Snapshot = matrix.Snapshot.Fingerprint.ToString(),
        Import = (uint)matrix.Snapshot.Number,
        Features = (uint)matrix.Study.Data.Features.Length,
        Training = (uint)matrix.Cohort.Cohort.Training.Count,
        Test = (uint)matrix.Cohort.Cohort.Test.Count,
    };
}
