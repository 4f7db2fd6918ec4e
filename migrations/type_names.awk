# The names of the types in public headers, as a C array of texts: what a model of an existing table must not be called.
# Comments are taken out; a type is what a typedef ends with, or what stands before the brackets of a function type.
{
    line = $0
    while (match(line, /\/\*[^*]*(\*+[^*\/][^*]*)*\*+\//))
        line = substr(line, 1, RSTART - 1) substr(line, RSTART + RLENGTH)
    if (inside) {
        if (!sub(/^.*\*\//, "", line))
            next
        inside = 0
    }
    if (sub(/\/\*.*$/, "", line))
        inside = 1
    if (line ~ /^#/)
        next
    text = text " " line
}
END {
    n = split(text, parts, ";")
    for (i = 1; i <= n; i++) {
        part = parts[i]
        gsub(/\{[^{}]*\}/, "", part)
        while (match(part, /MODEL(_KEYS?)?\([A-Z][A-Za-z0-9]*[,)]/)) {
            name = substr(part, RSTART, RLENGTH)
            part = substr(part, RSTART + RLENGTH)
            gsub(/^[^(]*\(|[,)]$/, "", name)
            print "    \"" name "\","
        }
        if (part ~ /^ *typedef / || part ~ /\} *[A-Z][A-Za-z0-9]* *$/) {
            sub(/\(.*$/, "", part)
            if (match(part, /[A-Z][A-Za-z0-9]* *$/)) {
                name = substr(part, RSTART, RLENGTH)
                gsub(/ /, "", name)
                if (!(name in seen)) {
                    seen[name] = 1
                    printf "    \"%s\",\n", name
                }
            }
        }
    }
}
