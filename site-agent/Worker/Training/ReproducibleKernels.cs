using System.ComponentModel;
using System.Runtime.InteropServices;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// Asks the Intel Math Kernel Library, which libtorch multiplies matrices with, for one branch of its code on every processor (conditional numerical reproducibility, mode COMPATIBLE; its developer guide, "Obtaining
/// Numerically Reproducible Results"). Left to itself it chooses one by the processor. That is not enough by itself: sums are taken apart by where operands begin in memory, which <see cref="TorchTrainer"/> sees to.
/// </summary>
internal static partial class ReproducibleKernels
{
    private const string Variable = "MKL_CBWR", Mode = "COMPATIBLE";

    /// <summary>Asks for it, in this process. The library reads it once, at its first product: what comes before libtorch is loaded is in time.</summary>
    /// <remarks>The runtime's own <see cref="Environment.SetEnvironmentVariable(string, string)"/> does not reach what the C library hands to native code.</remarks>
    public static void Demand()
    {
        var error = OperatingSystem.IsWindows() ? PutEnvironment(Variable, Mode) : SetEnvironment(Variable, Mode, overwrite: 1) == 0 ? 0 : Marshal.GetLastPInvokeError();
        if (error != 0)
            throw new Win32Exception(error, $"{Variable} could not be set, and without it training is not reproducible.");
    }

    [LibraryImport("libc", EntryPoint = "setenv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);

    [LibraryImport("ucrtbase", EntryPoint = "_putenv_s", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int PutEnvironment(string name, string value);
}
