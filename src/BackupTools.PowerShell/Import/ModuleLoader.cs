using System.Management.Automation;
using System.Reflection;
using System.Runtime.Loader;

namespace BackupTools.PowerShell.Import;

/// <summary>
/// Runs when the module is imported: tells the runtime where BackupTools.Core is. Another module may have loaded other
/// versions of the packages that Core needs, or may load them later, so Core is not loaded beside the cmdlets but into a
/// context of its own (<see cref="LibraryContext"/>).
/// </summary>
/// <remarks>
/// PowerShell looks at the public types of this assembly before it runs this. So none of them may need Core to be looked at:
/// no base type, no interface and no field of an enum or a struct of Core's. The import fails otherwise, in every session.
/// </remarks>
public sealed class ModuleLoader : IModuleAssemblyInitializer
{
    private const string Library = "BackupTools.Core";

    private static readonly string Lib = Path.Combine(
        Path.GetDirectoryName(typeof(ModuleLoader).Assembly.Location)!,
        "lib"
    );
    private static readonly Lazy<LibraryContext> Context = new(() => new(Lib));
    private static readonly Lock Gate = new();
    private static bool _resolves;

    /// <summary>Called at each import, in any thread; the answer is given for as long as the process lives.</summary>
    public void OnImport()
    {
        lock (Gate)
        {
            if (!_resolves)
            {
                AssemblyLoadContext.Default.Resolving += Resolve;
                _resolves = true;
            }
        }
        TypeMembers.Register();
    }

    /// <summary>Asked for what the default context does not have. A host that has Core loaded keeps its own.</summary>
    /// <remarks>
    /// By path: by name the runtime would ask the default context, and so this method, for a file that is not there, until
    /// the stack overflows and the process ends. What cannot be loaded is answered with null, upon which the runtime throws:
    /// it also asks from threads of its own, and an exception that leaves this method there ends the process.
    /// </remarks>
    private static Assembly? Resolve(AssemblyLoadContext asking, AssemblyName name)
    {
        try
        {
            return name.Name == Library
                ? Context.Value.LoadFromAssemblyPath(Path.Combine(Lib, Library + ".dll"))
                : null;
        }
        catch (Exception e) when (e is IOException or BadImageFormatException)
        {
            return null;
        }
    }
}
